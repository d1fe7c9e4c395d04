// Noise models, and what depends on a measurement. Their words are ordinary names anywhere else.
#include "dsl/grammar/rules.h"

namespace qiln::dsl::grammar {
namespace {

template <ast::NoisePlace place>
const auto set_place = [](auto& ctx) { x3::_val(ctx).place = place; };

}  // namespace

const x3::rule<struct noise_rule_class, ast::NoiseRule> noise_rule{"a rule"};
const x3::rule<struct any_noise_rule_class, ast::NoiseRule> any_noise_rule{
    "`after 1q`, `after 2q` or `before readout`"};
const x3::rule<struct noise_rules_class, std::vector<ast::NoiseRule>> noise_rules{"rules"};
const x3::rule<struct channel_name_class, ast::Name> channel_name{"a channel"};
const x3::rule<struct noise_operand_class, ast::Expr> noise_operand{"qubits"};

const auto channel_name_def = name[become];
const auto noise_operand_def = spanned(joined[become]);
const auto any_noise_rule_def =
    spanned(((word("after") >> word("1q"))[set_place<ast::NoisePlace::after_one>] |
             (word("after") >> word("2q"))[set_place<ast::NoisePlace::after_two>] |
             (word("before") >> word("readout"))[set_place<ast::NoisePlace::before_readout>]) > symbol(":") >
            channel_name[set<&ast::NoiseRule::channel>] > -arguments[set<&ast::NoiseRule::arguments>]);
const auto noise_rule_def = start > any_noise_rule[become] > end_of_setting_;
const auto noise_rules_def = separators >>
                             *(!end_of_block >> noise_rule[push_if_read] >> separators >> -symbol(",") >> separators);
const auto noise_model_def = word("noise_model") >> symbol("{") > noise_rules[set<&ast::NoiseModelStatement::rules>] >
                             symbol("}");

const auto measure_statement_def = name[set<&ast::MeasureStatement::name>] >> equals >> word("measure") >>
                                   !symbol("(") >> noise_operand[set<&ast::MeasureStatement::operand>];
const auto when_statement_def = word("when") >> noise_operand[set<&ast::WhenStatement::condition>] >>
                                &symbol("{") >> block[set<&ast::WhenStatement::body>];

struct noise_rule_class : Recover<end_of_setting, no_words> {};

BOOST_SPIRIT_DEFINE(noise_rule, any_noise_rule, noise_rules, channel_name, noise_operand, noise_model,
                    measure_statement, when_statement)
QILN_INSTANTIATE(noise_model)
QILN_INSTANTIATE(measure_statement)
QILN_INSTANTIATE(when_statement)

}  // namespace qiln::dsl::grammar
