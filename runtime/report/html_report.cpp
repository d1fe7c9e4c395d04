#include "runtime/report/html_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/report/base64.h"

namespace qiln::report {
namespace {

constexpr const char* style = R"css(
:root { color-scheme: light dark; --ink: #1e293b; --soft: #64748b; --line: #e2e8f0; --paper: #ffffff; --panel: #f8fafc;
        --mark: #2563eb; --held: #dc2626; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e2e8f0; --soft: #94a3b8; --line: #334155; --paper: #0f172a; --panel: #1e293b; --mark: #60a5fa;
          --held: #f87171; } }
body { margin: 0 auto; max-width: 960px; padding: 24px; color: var(--ink); background: var(--paper);
       font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 26px; margin: 0 0 12px; } h2 { font-size: 18px; margin: 36px 0 10px; }
.facts { display: flex; flex-wrap: wrap; gap: 10px; }
.facts div { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 8px 14px; }
.facts b { display: block; font-size: 19px; } .facts span, .note { color: var(--soft); font-size: 13px; }
svg text { fill: currentColor; font-size: 12px; } svg .grid { stroke: var(--line); }
.curve polyline, .curve .full { fill: none; stroke: var(--mark); stroke-width: 2; }
.curve .pale { stroke-width: 1; opacity: .3; } .curve .held { fill: var(--held); }
.grids { display: flex; flex-wrap: wrap; gap: 16px; } .grids figure { margin: 0; max-width: 300px; }
.grids img { width: 100%; image-rendering: pixelated; border-radius: 4px; display: block; }
figcaption { font-size: 13px; color: var(--soft); margin-top: 4px; }
.drawing { overflow: auto; max-height: 640px; background: #fff; color: #1e293b; border: 1px solid var(--line);
           border-radius: 8px; padding: 8px; }
pre { overflow: auto; max-height: 480px; background: var(--panel); border: 1px solid var(--line); border-radius: 8px;
      padding: 12px; font: 12.5px/1.45 ui-monospace, monospace; }
table { border-collapse: collapse; font-size: 14px; } td { padding: 3px 18px 3px 0; border-bottom: 1px solid var(--line);
      vertical-align: top; } td:first-child { color: var(--soft); white-space: nowrap; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(380px, 1fr)); gap: 0 32px; }
)css";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string table(const Rows& rows) {
  std::string html = "<table>\n";
  for (const auto& [name, value] : rows)
    html += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", escaped(name), escaped(value));
  return html + "</table>\n";
}

std::string facts(const Rows& rows) {
  std::string html = "<div class=\"facts\">\n";
  for (const auto& [name, value] : rows)
    html += fmt::format("<div><b>{}</b><span>{}</span></div>\n", escaped(value), escaped(name));
  return html + "</div>\n";
}

std::string curve(const std::vector<LoggedStep>& log) {
  if (log.empty()) return "<p class=\"note\">No step is logged yet.</p>\n";
  return "<div class=\"curve\">\n" + loss_curve(log) + "</div>\n";
}

std::string figure(const Grid& grid) {
  return fmt::format(
      "<figure><img alt=\"samples after step {0}\" src=\"data:image/png;base64,{1}\"><figcaption>step {0}, {2} "
      "weights</figcaption></figure>\n",
      grid.step, base64(grid.png), grid.raw ? "last" : "averaged");
}

std::string grids(const std::vector<Grid>& all) {
  if (all.empty()) return "<p class=\"note\">No samples were drawn.</p>\n";
  std::string html = "<div class=\"grids\">\n";
  for (const Grid& grid : all) html += figure(grid);
  return html + "</div>\n";
}

std::string drawings(const std::vector<Drawing>& all) {
  std::string html;
  for (const Drawing& drawing : all)
    html += fmt::format("<p>{}</p><div class=\"drawing\">{}</div>\n", escaped(drawing.title), drawing.svg);
  return html;
}

}  // namespace

std::string html_report(const RunReport& run) {
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width\">\n<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n",
      escaped(run.title), style);
  const auto section = [&](const char* heading, const std::string& body) {
    html += fmt::format("<h2>{}</h2>\n{}", heading, body);
  };
  html += facts(run.facts);
  section("Loss", curve(run.log));
  section("Samples", grids(run.grids));
  section("Model", drawings(run.drawings));
  section("What the compiler says", run.warnings.empty() ? "<p class=\"note\">Nothing to remark.</p>\n"
                                                         : "<pre>" + escaped(run.warnings) + "</pre>\n");
  html += "<div class=\"columns\">\n<div>";
  section("Settings", table(run.settings));
  html += "</div>\n<div>";
  section("Timing", table(run.timing));
  html += "</div>\n</div>\n";
  section("Model file", "<pre>" + escaped(run.model) + "</pre>\n");
  return html + "</body>\n</html>\n";
}

}  // namespace qiln::report
