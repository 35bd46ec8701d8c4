"""Words of the quality report.

Belongs here: what is said on its page alone. Does not belong here: words that the run's report has too.
"""

from __future__ import annotations

from crm_pipeline.report.words.both import Words

QUALITY: dict[str, Words] = {
    "quality.title": Words("{project} · quality report", "{project} · 质量报告"),
    "quality.link": Words("Quality report", "质量报告"),
    "quality.run": Words("Report of the run", "运行报告"),
    "quality.hero": Words(
        "Quality <b class='key'>{score}</b> of 100", "质量得分 <b class='key'>{score}</b>&nbsp;/ 100"
    ),
    "quality.hero_none": Words("No delivery has been scored yet", "尚无已评分的交付"),
    "quality.lead": Words(
        "{checks} checks, of which {failed} did not pass; {anomalies} figures are not as usual.",
        "共 {checks} 项检查，{failed} 项未通过；{anomalies} 项指标异常。",
    ),
    "part.completeness": Words("Completeness", "完整性"),
    "part.validity": Words("Validity", "有效性"),
    "part.uniqueness": Words("Uniqueness", "唯一性"),
    "part.consistency": Words("Consistency", "一致性"),
    "part.timeliness": Words("Timeliness", "及时性"),
    "part.completeness.text": Words("cells that hold something", "非空单元格"),
    "part.validity.text": Words("records without an invalid cell", "无无效单元格的记录"),
    "part.uniqueness.text": Words("rows with a key of their own", "主键不重复的行"),
    "part.consistency.text": Words("records that agree with themselves", "自身不矛盾的记录"),
    "part.timeliness.text": Words("deliveries after the usual wait", "按惯常间隔到达的交付"),
    "scores": Words("Scores", "评分"),
    "scores.nav": Words("Scores", "评分"),
    "scores.lead": Words(
        "Of the newest delivery of each extract, 0 to 100; the score is the mean of the parts that can be told. The "
        "line shows the last 30 business dates.",
        "基于各抽取的最新交付，0 至 100 分；总分为可评估各维度的平均值。折线为最近 30 个业务日期。",
    ),
    "scores.none": Words("Nothing has been scored yet.", "尚无评分。"),
    "scores.sources": Words("By system", "按系统"),
    "scores.entities": Words("By table", "按表"),
    "scores.owners": Words("By owner", "按负责人"),
    "scores.nobody": Words("nobody named", "未指定负责人"),
    "scores.columns": Words("Weakest columns", "得分最低的列"),
    "scores.columns_none": Words("No column has a fault.", "所有列均无缺陷。"),
    "quarters": Words("Quarter by quarter", "季度对比"),
    "quarters.lead": Words(
        "The score of each owner over all deliveries of a quarter. Name owners with owner: in pipeline.yaml.",
        "各负责人在每季度全部交付中的得分。请在 pipeline.yaml 中用 owner: 指定负责人。",
    ),
    "anomalies": Words("Not as usual", "异常"),
    "anomalies.nav": Words("Not as usual", "异常"),
    "anomalies.lead": Words(
        "Figures of the newest deliveries that are outside of the band of the 30 before. They stop nothing. What is "
        "right from now on is accepted with crm-pipeline quality accept.",
        "最新交付中超出此前 30 次交付区间的指标，不会中止运行。如今后均如此，请用 crm-pipeline quality accept 接受。",
    ),
    "anomalies.none": Words(
        "The newest deliveries are as usual, or have fewer than seven before them.",
        "最新交付与以往一致，或此前交付不足七次。",
    ),
    "metric.volume": Words("Rows delivered", "交付行数"),
    "metric.days_since_delivery": Words("Days since the last delivery", "距上次交付的天数"),
    "metric.days_since_change": Words("Age of the newest record, days", "最新记录距今天数"),
    "metric.schema": Words("Columns changed", "变化的列数"),
    "metric.null_share": Words("Share of empty cells", "空值占比"),
    "metric.distinct_share": Words("Share of different values", "不同取值占比"),
    "metric.median": Words("Median (numbers, days of age, characters)", "中位数（数值、距今天数、字符数）"),
    "metric.shares": Words("Values moved between categories", "类别占比的变化"),
    "col.figure": Words("Figure", "指标"),
    "col.measured": Words("Measured", "实测"),
    "col.usual": Words("Usual", "通常"),
    "col.band": Words("Band", "区间"),
    "col.history": Words("Deliveries before", "历史交付次数"),
    "col.score": Words("Score", "总分"),
    "col.trend": Words("Trend", "趋势"),
    "col.owner": Words("Owner", "负责人"),
    "col.name": Words("Name", "名称"),
    "band.from_to": Words("{low} to {high}", "{low} 至 {high}"),
    "band.to": Words("up to {high}", "至 {high}"),
    "rules": Words("Every check", "全部检查"),
    "rules.nav": Words("Checks", "检查"),
    "rules.lead": Words(
        "Each with why it is there and what to do, as judged last: how many rows it judged, how many broke it, and the "
        "share of these over the last runs.",
        "逐项说明缘由与处理办法，以及最近一次判定：判定行数、违反行数，以及近几次运行中违反占比的走势。",
    ),
    "rules.none": Words("Nothing has been judged yet.", "尚未执行任何检查。"),
    "rules.table": Words("{table}: {n} checks, {failed} not passed", "{table}：{n} 项检查，{failed} 项未通过"),
    "rules.table.one": Words("{table}: 1 check, {failed} not passed", "{table}：1 项检查，{failed} 项未通过"),
    "rules.trend": Words("Share that broke it, run by run", "各次运行的违反占比"),
    "kind.rule": Words("rule", "规则"),
    "kind.test": Words("SQL test", "SQL 测试"),
    "kind.guard": Words("guard", "防护"),
    "kind.anomaly": Words("watched", "监测"),
}
