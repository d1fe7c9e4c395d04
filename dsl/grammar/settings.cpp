// `block { key = value, … }`
#include "dsl/grammar/rules.h"

namespace qiln::dsl::grammar {

const x3::rule<struct setting_class, ast::Setting> setting{"a setting"};
const x3::rule<struct any_setting_class, ast::Setting> any_setting{"a setting"};
const x3::rule<struct setting_list_class, std::vector<ast::Setting>> setting_list{"settings"};

const auto any_setting_def = spanned(name[set<&ast::Setting::key>] > equals > expression[set<&ast::Setting::value>]);
const auto setting_def = start > any_setting[become] > end_of_setting_;
const auto setting_list_def = separators >>
                              *(!end_of_block >> setting[push_if_read] >> separators >> -symbol(",") >> separators);
const auto settings_def = &(name >> symbol("{")) >> name[set<&ast::Settings::block>] >
                          symbol("{") > setting_list[set<&ast::Settings::settings>] > symbol("}");

struct setting_class : Recover<end_of_setting, no_words> {};

BOOST_SPIRIT_DEFINE(setting, any_setting, setting_list, settings)
QILN_INSTANTIATE(settings)

}  // namespace qiln::dsl::grammar
