#include "compiler/passes/fuse_gates.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <functional>
#include <map>
#include <queue>

#include "compiler/passes/absorb_permutations.h"

namespace qiln::passes {
namespace {

using circuit::Block;
using circuit::Phase;
using circuit::Turn;
using Members = std::vector<std::size_t>;  // numbers of blocks, ascending

bool all_shared(const FusedBlock& block, const std::vector<bool>& shared) {
  auto known = [&](const circuit::Angle& angle) { return angle.operand < 0 || shared[angle.operand]; };
  return std::all_of(block.turns.begin(), block.turns.end(), [&](const Turn& turn) { return known(turn.angle); }) &&
         (!block.gate || std::all_of(block.gate->angles.begin(), block.gate->angles.end(), known));
}

/// Adds a part, whose turns join those that its qubit had last.
void add_part(std::vector<FusedBlock>& parts, std::vector<int>& last, FusedBlock part, int n) {
  const std::uint64_t bits = support(part, n);
  if (part.kind == Block::Kind::phases && part.phases.size() == 1 && std::has_single_bit(bits)) {
    part.kind = Block::Kind::turns;
    part.qubits = {n - 1 - std::countr_zero(bits)};
    part.turns = {{Turn::Axis::z, part.phases[0].angle}};
    part.phases.clear();
  }
  if (part.kind == Block::Kind::turns) {
    const int before = last[part.qubits[0]];
    if (before >= 0 && parts[before].kind == Block::Kind::turns) {
      parts[before].turns.insert(parts[before].turns.end(), part.turns.begin(), part.turns.end());
      return;
    }
  }
  for (int q = 0; q < n; ++q)
    if (bits >> (n - 1 - q) & 1) last[q] = static_cast<int>(parts.size());
  parts.push_back(std::move(part));
}

/// The qubits of a product: those of its first part on several, as that orders them, then the others as they come.
std::vector<std::int32_t> order_of(const std::vector<FusedBlock>& parts, int n) {
  std::vector<std::int32_t> order;
  auto add = [&](std::int32_t q) {
    if (std::find(order.begin(), order.end(), q) == order.end()) order.push_back(q);
  };
  for (bool several : {true, false})
    for (const FusedBlock& part : parts) {
      const std::uint64_t bits = support(part, n);
      if (several && std::has_single_bit(bits)) continue;
      for (std::int32_t q : part.qubits) add(q);
      for (std::int32_t q = 0; q < n; ++q)
        if (bits >> (n - 1 - q) & 1) add(q);
    }
  return order;
}

/// The part on a register of these qubits alone.
FusedBlock on_register(FusedBlock part, const std::vector<std::int32_t>& qubits, int n) {
  const auto k = static_cast<int>(qubits.size());
  auto moved = [&](std::uint64_t mask) {
    std::uint64_t result = 0;
    for (int i = 0; i < k; ++i) result |= (mask >> (n - 1 - qubits[i]) & 1) << (k - 1 - i);
    return result;
  };
  for (std::int32_t& q : part.qubits)
    q = static_cast<std::int32_t>(std::find(qubits.begin(), qubits.end(), q) - qubits.begin());
  for (Phase& phase : part.phases) phase.mask = moved(phase.mask);
  if (part.rows.empty()) return part;
  std::vector<std::uint64_t> rows(k);
  for (int i = 0; i < k; ++i) rows[k - 1 - i] = moved(part.rows[n - 1 - qubits[i]]);
  part.rows = std::move(rows);
  part.flip = moved(part.flip);
  return part;
}

FusedBlock product_of(const std::vector<FusedBlock>& blocks, const Members& members, int n) {
  FusedBlock product;
  product.kind = Block::Kind::dense;
  std::vector<FusedBlock> parts;
  std::vector<int> last(n, -1);
  for (std::size_t m : members) add_part(parts, last, blocks[m], n);
  product.qubits = order_of(parts, n);
  const auto k = static_cast<int>(product.qubits.size());
  // By depth, then by qubit.
  std::vector<int> depth(k, 0);
  std::vector<std::pair<std::pair<int, int>, std::size_t>> places;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    parts[p] = on_register(std::move(parts[p]), product.qubits, n);
    const std::uint64_t bits = support(parts[p], k);
    int level = 0;
    for (int q = 0; q < k; ++q)
      if (bits >> (k - 1 - q) & 1) level = std::max(level, depth[q] + 1);
    for (int q = 0; q < k; ++q)
      if (bits >> (k - 1 - q) & 1) depth[q] = level;
    places.push_back({{level, k - std::bit_width(bits)}, p});
  }
  std::sort(places.begin(), places.end());
  for (const auto& place : places) product.parts.push_back(std::move(parts[place.second]));
  product.parts = absorb_permutations(std::move(product.parts), k);
  return product;
}

class GateFusion {
 public:
  GateFusion(std::vector<FusedBlock> blocks, int n, const std::vector<bool>& shared, std::size_t fixed,
             const BlockCost& cost)
      : blocks_(std::move(blocks)), n_(n), cost_(cost) {
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      bits_.push_back(support(blocks_[b], n));
      single_.push_back(cost.single(blocks_[b]));
      fusable_.push_back(b >= fixed && all_shared(blocks_[b], shared));
    }
  }

  std::vector<FusedBlock> run(int most) {
    Members all(blocks_.size());
    for (std::size_t b = 0; b < all.size(); ++b) all[b] = b;
    std::vector<Choice> chosen = evaluate(all, most).products;
    drop_rare(chosen);
    return in_order(std::move(chosen));
  }

 private:
  struct Cluster {
    Members members;
    std::uint64_t bits = 0;
    bool open = false;  // all of it may become one product
  };
  struct Choice {
    Members members;
    FusedBlock product;
    double gain = 0;
  };
  struct Plan {
    double cost = 0;
    std::vector<Choice> products;
  };

  /// Each block joins the clusters that its qubits were in last, as long as they stay within `most` qubits;
  /// permutations only where they are wanted.
  std::vector<Cluster> clusters_of(const Members& members, int most, bool permutations) const {
    std::vector<Cluster> clusters;
    std::vector<int> last(n_, -1);
    auto over = [&](std::uint64_t bits, const std::function<void(int&)>& visit) {
      for (int q = 0; q < n_; ++q)
        if (bits >> (n_ - 1 - q) & 1) visit(last[q]);
    };
    auto at_end = [&](int c) {
      bool all = true;
      over(clusters[c].bits, [&](int& l) { all &= l == c; });
      return all;
    };
    for (std::size_t m : members) {
      const bool wanted = permutations || blocks_[m].kind != Block::Kind::permutation;
      Cluster next{{m}, bits_[m], wanted && fusable_[m] && std::popcount(bits_[m]) <= most};
      std::vector<int> touched;
      over(next.bits, [&](int& l) {
        if (l >= 0) touched.push_back(l);
      });
      std::sort(touched.rbegin(), touched.rend());
      touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
      auto fits = [&](int c) {
        return next.open && clusters[c].open && std::popcount(next.bits | clusters[c].bits) <= most;
      };
      if (!touched.empty() && fits(touched[0]) && !at_end(touched[0])) {
        // What came behind it is on other qubits than the block's.
        Cluster& home = clusters[touched[0]];
        home.members.push_back(m);
        home.bits |= next.bits;
        over(next.bits, [&](int& l) { l = touched[0]; });
        continue;
      }
      for (int c : touched) {
        if (!fits(c) || !at_end(c)) continue;
        next.members.insert(next.members.end(), clusters[c].members.begin(), clusters[c].members.end());
        next.bits |= clusters[c].bits;
        clusters[c].members.clear();
      }
      std::sort(next.members.begin(), next.members.end());
      over(next.bits, [&](int& l) { l = static_cast<int>(clusters.size()); });
      clusters.push_back(std::move(next));
    }
    std::erase_if(clusters, [](const Cluster& cluster) { return cluster.members.empty(); });
    return clusters;
  }

  /// Permutations cost little, and would draw turns away from gates that cost much: they are taken only where that is
  /// better than leaving them.
  Plan evaluate(const Members& members, int most) const {
    Plan without = evaluate(members, most, false);
    const bool any = std::any_of(members.begin(), members.end(),
                                 [&](std::size_t m) { return blocks_[m].kind == Block::Kind::permutation; });
    if (!any) return without;
    Plan with = evaluate(members, most, true);
    return with.cost < without.cost ? with : without;
  }

  /// Each cluster as one product, or as what is best on fewer qubits.
  Plan evaluate(const Members& members, int most, bool permutations) const {
    Plan plan;
    for (Cluster& cluster : clusters_of(members, most, permutations)) {
      Plan apart;
      const int wide = std::popcount(cluster.bits);
      if (cluster.members.size() > 1 && std::min(most, wide) > 1)
        apart = evaluate(cluster.members, std::min(most, wide) - 1);
      else
        for (std::size_t m : cluster.members) apart.cost += single_[m];
      if (cluster.open && cluster.members.size() > 1) {
        Choice whole{cluster.members, product_of(blocks_, cluster.members, n_), 0};
        const double cost = cost_.step(whole.product);
        if (cost < apart.cost) {
          for (std::size_t m : cluster.members) whole.gain += single_[m];
          whole.gain -= cost;
          apart = {cost, {}};
          apart.products.push_back(std::move(whole));
        }
      }
      plan.cost += apart.cost;
      std::move(apart.products.begin(), apart.products.end(), std::back_inserter(plan.products));
    }
    return plan;
  }

  /// Products of a structure stay if all of them together are worth its code.
  void drop_rare(std::vector<Choice>& chosen) const {
    std::map<std::vector<std::int64_t>, double> gain;
    for (const Choice& choice : chosen) gain[structure_of(choice.product)] += choice.gain;
    std::erase_if(chosen,
                  [&](const Choice& choice) { return gain[structure_of(choice.product)] <= cost_.structure(); });
  }

  /// What remains single in the order that it had, as far as products let it.
  std::vector<FusedBlock> in_order(std::vector<Choice> chosen) {
    std::vector<std::size_t> node(blocks_.size());
    for (std::size_t b = 0; b < blocks_.size(); ++b) node[b] = b;
    for (const Choice& choice : chosen)
      for (std::size_t m : choice.members) node[m] = choice.members[0];
    std::vector<std::vector<std::size_t>> after(blocks_.size());
    std::vector<int> waits(blocks_.size(), 0);
    std::vector<int> last(n_, -1);
    for (std::size_t b = 0; b < blocks_.size(); ++b)
      for (int q = 0; q < n_; ++q) {
        if (!(bits_[b] >> (n_ - 1 - q) & 1)) continue;
        if (last[q] >= 0 && node[last[q]] != node[b]) {
          after[node[last[q]]].push_back(node[b]);
          ++waits[node[b]];
        }
        last[q] = static_cast<int>(b);
      }
    std::map<std::size_t, FusedBlock*> products;
    for (Choice& choice : chosen) products[choice.members[0]] = &choice.product;
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
    for (std::size_t b = 0; b < blocks_.size(); ++b)
      if (node[b] == b && waits[b] == 0) ready.push(b);
    std::vector<FusedBlock> result;
    while (!ready.empty()) {
      const std::size_t b = ready.top();
      ready.pop();
      const auto product = products.find(b);
      result.push_back(std::move(product == products.end() ? blocks_[b] : *product->second));
      for (std::size_t next : after[b])
        if (--waits[next] == 0) ready.push(next);
    }
    assert(result.size() == blocks_.size() - [&] {
      std::size_t gone = 0;
      for (const Choice& choice : chosen) gone += choice.members.size() - 1;
      return gone;
    }());
    return result;
  }

  std::vector<FusedBlock> blocks_;
  int n_;
  const BlockCost& cost_;
  std::vector<std::uint64_t> bits_;  // of each block
  std::vector<double> single_;
  std::vector<bool> fusable_;
};

}  // namespace

std::vector<FusedBlock> fuse_gates(std::vector<FusedBlock> blocks, int qubits, const std::vector<bool>& shared,
                                   std::size_t fixed, int most, const BlockCost& cost) {
  return GateFusion(std::move(blocks), qubits, shared, fixed, cost).run(most);
}

std::vector<std::int64_t> structure_of(const FusedBlock& product) {
  std::vector<std::int64_t> key{static_cast<std::int64_t>(product.qubits.size())};
  auto add = [&](auto... words) { (key.push_back(static_cast<std::int64_t>(words)), ...); };
  for (const FusedBlock& part : product.parts) {
    add(-1 - static_cast<int>(part.kind), part.flip);
    for (std::int32_t q : part.qubits) add(q);
    for (std::uint64_t row : part.rows) add(row);
    if (part.gate) add(part.gate->gate, part.gate->inverse, part.gate->controls);
    for (const Turn& turn : part.turns) add(turn.axis);
    for (const Phase& phase : part.phases) add(phase.mask);
  }
  return key;
}

}  // namespace qiln::passes
