#include "compiler/kernel/growing_order.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <queue>
#include <utility>

namespace qiln::kernel {

int GrowingOrder::add() {
  const int node = static_cast<int>(position_.size());
  position_.push_back(node);
  before_.emplace_back();
  after_.emplace_back();
  visited_.push_back(0);
  return node;
}

void GrowingOrder::connect(int before, int after) {
  auto& known = before_[after];
  if (before == after || std::find(known.begin(), known.end(), before) != known.end()) return;
  known.push_back(before);
  after_[before].push_back(after);
  if (position_[before] > position_[after]) reorder(before, after);
}

bool GrowingOrder::visit(int node) const { return std::exchange(visited_[node], search_) != search_; }

/// What `node` leads to, up to position `last`.
void GrowingOrder::collect_after(int node, int last, std::vector<int>& found) const {
  std::vector<int> open{node};
  while (!open.empty()) {
    const int at = open.back();
    open.pop_back();
    if (!visit(at)) continue;
    found.push_back(at);
    for (int next : after_[at])
      if (position_[next] <= last) open.push_back(next);
  }
}

/// What leads to `node`, from position `first` on.
void GrowingOrder::collect_before(int node, int first, std::vector<int>& found) const {
  std::vector<int> open{node};
  while (!open.empty()) {
    const int at = open.back();
    open.pop_back();
    if (!visit(at)) continue;
    found.push_back(at);
    for (int next : before_[at])
      if (position_[next] >= first) open.push_back(next);
  }
}

/// What leads to `before` moves in front of what `after` leads to; together they keep their places.
void GrowingOrder::reorder(int before, int after) {
  std::vector<int> earlier, later;
  ++search_;
  collect_after(after, position_[before], later);
  assert(std::find(later.begin(), later.end(), before) == later.end() && "a path leads back");
  ++search_;
  collect_before(before, position_[after], earlier);
  const auto by_position = [this](int a, int b) { return position_[a] < position_[b]; };
  std::sort(earlier.begin(), earlier.end(), by_position);
  std::sort(later.begin(), later.end(), by_position);
  earlier.insert(earlier.end(), later.begin(), later.end());
  std::vector<int> places;
  for (int node : earlier) places.push_back(position_[node]);
  std::sort(places.begin(), places.end());
  for (std::size_t k = 0; k < places.size(); ++k) position_[earlier[k]] = places[k];
}

bool GrowingOrder::precedes(int before, int after) const {
  // Backwards, the nearest to `before` first: where there is a path, there often is a short one.
  using Entry = std::pair<int, int>;  // position, node
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
  ++search_;
  open.push({position_[after], after});
  while (!open.empty()) {
    const auto [position, at] = open.top();
    open.pop();
    if (at == before) return true;
    if (position < position_[before] || !visit(at)) continue;
    for (int next : before_[at])
      if (position_[next] >= position_[before]) open.push({position_[next], next});
  }
  return false;
}

void GrowingOrder::merge(int from, int into) {
  const std::vector<int> sources = std::exchange(before_[from], {}), users = std::exchange(after_[from], {});
  for (int source : sources) std::erase(after_[source], from);
  for (int user : users) std::erase(before_[user], from);
  for (int source : sources) connect(source, into);
  for (int user : users) connect(into, user);
}

}  // namespace qiln::kernel
