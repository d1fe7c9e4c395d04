// What stands at the top of a file.
#include "dsl/grammar/rules.h"

namespace qiln::dsl::grammar {
namespace {

const auto is_circuit = [](auto& ctx) { x3::_val(ctx).kind = ast::ModuleKind::circuit; };

}  // namespace

const x3::rule<struct item_class, ast::Item> item{"an item"};
const x3::rule<struct any_item_class, ast::Item> any_item{
    "`net`, `circuit`, `gate`, `fn`, `const`, `import` or settings"};
const x3::rule<struct import_item_class, ast::Import> import_item{"`import`"};
const x3::rule<struct function_item_class, ast::Function> function_item{"`fn`"};
const x3::rule<struct module_item_class, ast::Module> module_item{"`net`"};
const x3::rule<struct gate_item_class, ast::Gate> gate_item{"`gate`"};

const auto import_item_def = word("import") > quoted[set<&ast::Import::path>];
const auto function_item_def = word("fn") > name[set<&ast::Function::name>] >
                               parameters[set<&ast::Function::parameters>] > equals >
                               expression[set<&ast::Function::body>];
const auto module_item_def = (word("net") | word("circuit")[is_circuit]) > name[set<&ast::Module::name>] >
                             parameters[set<&ast::Module::parameters>] >
                             -(symbol("->") > shape[set<&ast::Module::result>]) > block[set<&ast::Module::body>];
const auto gate_item_def = word("gate") > name[set<&ast::Gate::name>] > -parameters[set<&ast::Gate::parameters>] >
                           registers[set<&ast::Gate::registers>] > block[set<&ast::Gate::body>];

const auto any_item_def = spanned(import_item[become_node] | const_statement[become_node] | function_item[become_node] |
                                  module_item[become_node] | gate_item[become_node] | settings[become_node]);
const auto item_def = start > any_item[become] > end_of_item;
const auto items_def = separators >> *(!x3::eoi >> item[push_if_read] >> separators);

/// An expression that is the whole text.
const auto lone_expression_def = x3::eps > expression[become] > end_of_text;

struct lone_expression_class : Recover<next_item, no_words> {};
struct item_class : Recover<next_item, item_words> {};

BOOST_SPIRIT_DEFINE(item, any_item, import_item, function_item, module_item, gate_item, items, lone_expression)
QILN_INSTANTIATE(items)
QILN_INSTANTIATE(lone_expression)

}  // namespace qiln::dsl::grammar
