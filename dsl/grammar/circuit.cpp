// Registers and gates.
#include "dsl/grammar/rules.h"

namespace qiln::dsl::grammar {
namespace {

template <ast::ModifierKind kind>
const auto set_kind = [](auto& ctx) { x3::_val(ctx).kind = kind; };

}  // namespace

const x3::rule<struct modifier_class, ast::Modifier> modifier{"a modifier"};
const x3::rule<struct gate_name_class, ast::Name> gate_name{"a gate"};
const x3::rule<struct operand_class, ast::Expr> operand{"the qubits the gate acts on"};

const auto qubits_statement_def = word("qubits") > registers[set<&ast::QubitsStatement::registers>];

const auto modifier_def = spanned((word("inv") >> symbol("@"))[set_kind<ast::ModifierKind::inverse>] |
                                  (word("ctrl") >> symbol("@"))[set_kind<ast::ModifierKind::control>] |
                                  (word("pow") >> symbol("(") >> expression[set<&ast::Modifier::exponent>] >>
                                   symbol(")") >> symbol("@"))[set_kind<ast::ModifierKind::power>]);
const auto gate_name_def = name[become];
const auto operand_def = spanned(joined[become]);

/// Arguments touch the name: `RY(x) q` has an argument, `H (q)` only an operand.
const auto touching_arguments = x3::no_skip[&x3::lit('(')] >> arguments[set<&ast::GateStatement::arguments>];
const auto gate_statement_def = ((+modifier[append<&ast::GateStatement::modifiers>] >
                                  gate_name[set<&ast::GateStatement::name>]) |
                                 name[set<&ast::GateStatement::name>]) >>
                                -touching_arguments > operand[append<&ast::GateStatement::operands>] >
                                *(symbol(",") > operand[append<&ast::GateStatement::operands>]);

BOOST_SPIRIT_DEFINE(modifier, gate_name, operand, qubits_statement, gate_statement)
QILN_INSTANTIATE(qubits_statement)
QILN_INSTANTIATE(gate_statement)

}  // namespace qiln::dsl::grammar
