// SPDX-License-Identifier: Apache-2.0
// The style sheet of the demo's report.
#pragma once

namespace zkinfer::cli {

inline constexpr char kReportStyle[] = R"css(
:root { --ground:#f6f5f2; --card:#ffffff; --ink:#1d2226; --soft:#5d666d; --line:#e2e0da; --accent:#1f6f5c; --bar:#2f8f77;
  --track:#eceae4; --bad:#a4372b; --s1:#2f8f77; --s2:#6fb7a3; --s3:#c9a24b; --s4:#7b8fb8; --s5:#3f5787; --s6:#a76f86; }
@media (prefers-color-scheme: dark) {
  :root { --ground:#14181a; --card:#1c2225; --ink:#e8ebea; --soft:#9aa5a8; --line:#2d3538; --accent:#63c6ab; --bar:#4fb096;
    --track:#2a3235; --bad:#e88374; --s1:#4fb096; --s2:#2c6e5d; --s3:#d6b565; --s4:#8fa3cc; --s5:#5874ad; --s6:#c08aa1; } }
* { box-sizing:border-box; }
body { margin:0; background:var(--ground); color:var(--ink); font:16px/1.55 "Source Sans 3","Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif; }
main { max-width:1020px; margin:0 auto; padding:40px 24px 72px; }
h1 { font-size:34px; line-height:1.15; margin:0 0 8px; letter-spacing:-.01em; }
h2 { font-size:20px; line-height:1.3; margin:0 0 6px; }
p { margin:0 0 12px; max-width:70ch; }
.soft { color:var(--soft); }
.small { font-size:13.5px; }
header { display:flex; gap:32px; align-items:flex-start; justify-content:space-between; flex-wrap:wrap; margin-bottom:28px; }
header > div:first-child { flex:1 1 480px; }
.verdict { display:inline-block; border:2px solid var(--accent); color:var(--accent); font-weight:700; letter-spacing:.06em; padding:2px 12px; border-radius:999px; margin-bottom:14px; font-size:14px; }
.facts { display:grid; grid-template-columns:repeat(auto-fit,minmax(138px,1fr)); gap:1px; background:var(--line); border:1px solid var(--line); border-radius:12px; overflow:hidden; margin-bottom:28px; }
.facts div { background:var(--card); padding:14px 16px; }
.facts b { display:block; font-size:23px; font-weight:650; font-variant-numeric:tabular-nums; white-space:nowrap; }
.facts span { color:var(--soft); font-size:13.5px; }
section { background:var(--card); border:1px solid var(--line); border-radius:12px; padding:24px; margin-bottom:20px; }
.two { display:grid; grid-template-columns:1fr 1fr; gap:20px; }
.two > section { margin-bottom:0; }
.pair { margin-bottom:20px; }
@media (max-width:760px) { .two { grid-template-columns:1fr; } }
table { border-collapse:collapse; width:100%; font-size:14.5px; }
th { text-align:left; font-weight:600; color:var(--soft); font-size:13px; }
th,td { padding:7px 10px 7px 0; border-bottom:1px solid var(--line); vertical-align:top; }
tr:last-child td { border-bottom:0; }
td.n + td, th.n + th { padding-left:18px; }
td.n, th.n { text-align:right; padding-right:0; font-variant-numeric:tabular-nums; white-space:nowrap; }
.scroll { overflow-x:auto; }
code, pre { font:13px/1.5 ui-monospace,"SFMono-Regular",Menlo,Consolas,monospace; }
code.id { overflow-wrap:anywhere; }
.no { color:var(--bad); font-weight:650; white-space:nowrap; }
svg { display:block; max-width:100%; }
svg text { font:13px "Source Sans 3","Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif; fill:var(--ink); }
svg text.soft { fill:var(--soft); }
.legend { display:flex; flex-wrap:wrap; gap:6px 20px; margin:12px 0 0; padding:0; list-style:none; font-size:14px; }
.legend i { display:inline-block; width:11px; height:11px; border-radius:3px; margin-right:7px; }
footer { color:var(--soft); font-size:13.5px; margin-top:28px; }
)css";

}  // namespace zkinfer::cli
