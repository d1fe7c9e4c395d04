// Statements of nets, circuits and gates, and blocks of them.
#include "dsl/grammar/rules.h"

namespace qiln::dsl::grammar {
namespace {

const auto is_buffer = [](auto& ctx) { x3::_val(ctx).trained = false; };
const auto chain = [](auto& ctx) {
  const Span span = x3::_attr(ctx).span;
  x3::_val(ctx).push_back(ast::Statement{std::move(x3::_attr(ctx)), span});
};

}  // namespace

/// An `if` with its span, which an `else if` needs.
struct SpannedIf : ast::IfStatement {
  ast::Location span;
};

const x3::rule<struct statement_class, ast::Statement> statement{"a statement"};
const x3::rule<struct any_statement_class, ast::Statement> any_statement{"a statement"};
const x3::rule<struct statements_class, ast::Block> statements{"statements"};
const x3::rule<struct param_statement_class, ast::ParamStatement> param_statement{"`param`"};
const x3::rule<struct layer_statement_class, ast::LayerStatement> layer_statement{"`layer`"};
const x3::rule<struct return_statement_class, ast::ReturnStatement> return_statement{"`return`"};
const x3::rule<struct for_statement_class, ast::ForStatement> for_statement{"`for`"};
const x3::rule<struct if_statement_class, SpannedIf> if_statement{"`if`"};
const x3::rule<struct else_block_class, ast::Block> else_block{"`{` or `if`"};

const auto const_statement_def =
    word("const") > name[set<&ast::Const::name>] > equals > expression[set<&ast::Const::value>];
const auto param_statement_def = (word("param") | word("buffer")[is_buffer]) > name[set<&ast::ParamStatement::name>] >
                                 symbol(":") > shape[set<&ast::ParamStatement::shape>] >
                                 -(symbol("~") > expression[set<&ast::ParamStatement::initialiser>]);
const auto layer_statement_def = word("layer") > name[set<&ast::LayerStatement::name>] >
                                 -subscripts[set<&ast::LayerStatement::subscripts>] > equals >
                                 expression[set<&ast::LayerStatement::value>];
const auto return_statement_def = word("return") > expression[set<&ast::ReturnStatement::value>];
const auto for_statement_def = generator[set<&ast::ForStatement::generator>] > block[set<&ast::ForStatement::body>];
const auto if_statement_def =
    spanned(word("if") > expression[set<&SpannedIf::condition>] > block[set<&SpannedIf::then>] >
            -(word("else") > else_block[set<&SpannedIf::otherwise>]));
const auto else_block_def = if_statement[chain] | block[become];

const auto any_statement_def =
    spanned(const_statement[become_node] | param_statement[become_node] | layer_statement[become_node] |
            return_statement[become_node] | for_statement[become_node] | if_statement[become_node] |
            qubits_statement[become_node] | noise_model[become_node] | measure_statement[become_node] |
            any_binding[become] | when_statement[become_node] | gate_statement[become_node]);
const auto statement_def = start > any_statement[become] > end_of_statement_;
const auto statements_def = separators >> *(!end_of_block >> statement[push_if_read] >> separators);
const auto block_def = symbol("{") > statements[become] > symbol("}");

struct statement_class : Recover<end_of_statement, statement_words> {};

BOOST_SPIRIT_DEFINE(statement, any_statement, statements, block, const_statement, param_statement, layer_statement,
                    return_statement, for_statement, if_statement, else_block)
QILN_INSTANTIATE(block)
QILN_INSTANTIATE(const_statement)

}  // namespace qiln::dsl::grammar
