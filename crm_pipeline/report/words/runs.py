"""Words of the sections on the run itself: time, memory, trend.

Belongs here: what is said of steps and runs. Does not belong here: data.
"""

from __future__ import annotations

from crm_pipeline.report.words.both import Words

RUNS: dict[str, Words] = {
    "steps": Words("Time and memory", "用时与内存"),
    "steps.lead": Words("The steps of this run, one after the other.", "本次运行的各个步骤，按先后顺序排列。"),
    "steps.none": Words("No step was measured.", "没有步骤被计量。"),
    "steps.short": Words("{n} short steps, {seconds} together", "其余 {n} 个短步骤，合计 {seconds}"),
    "steps.short.one": Words("1 short step, {seconds}", "其余 1 个短步骤，{seconds}"),
    "steps.tip": Words("{step}: {seconds}, {memory}", "{step}：{seconds}，{memory}"),
    "trend": Words("Trend", "运行趋势"),
    "trend.lead": Words("The last {n} runs, the newest at the right.", "最近 {n} 次运行，最右为最新。"),
    "trend.none": Words(
        "This is the first run. A trend shows as soon as there is another.", "这是首次运行，再次运行后即可看到趋势。"
    ),
    "trend.customers": Words("Customers", "客户"),
    "trend.records": Words("Living records", "有效记录"),
    "trend.held_back": Words("Rows held back", "未入库的行"),
    "trend.seconds": Words("Run time", "运行用时"),
    "trend.memory": Words("Peak memory", "内存峰值"),
    "trend.outcomes": Words("How the runs ended", "运行结果"),
    "trend.run.published": Words("{time}: published", "{time}：已发布"),
    "trend.run.unchanged": Words("{time}: unchanged", "{time}：无变化"),
    "trend.run.stopped": Words("{time}: stopped", "{time}：已中止"),
    "trend.same": Words("the same in all these runs", "各次运行均相同"),
    "trend.range": Words("{low} to {high}", "{low} 至 {high}"),
}
