#pragma once

#include "compiler/graph/graph.h"

namespace qiln::passes {

/// Replaces `circuit` nodes by ordinary graph values where these are cheaper than the state.
///
/// Each observable is carried backwards through the circuit, as a sum of Pauli strings whose coefficients are products
/// of cosines and sines of the angles. Where each stays one string up to a product state made by gates on one qubit, it
/// is a product of cosines: <Z> after RY(a) on |0> is cos a. Where strings become sums, they are values that all
/// observables share (circuit/propagation.h), and the choice is by cost (pauli_sums.h): matrix elements of the sums and
/// a constant a level, against amplitudes times gates. Channels with constant parameters damp strings and are exact;
/// their circuits are compared with a density matrix. At most 1024 values; probabilities of up to 16 basis states are
/// sums of products of Z; circuits that start from amplitudes, or run at several places, stay. True when any was
/// replaced.
bool closed_form(graph::Graph& graph);

}  // namespace qiln::passes
