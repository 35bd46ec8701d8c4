-- Living campaign records; a code that two systems use has two rows.
SELECT
  c.source,
  c.extract,
  c.source_id,
  c.campaign_code,
  c.name,
  c.channel,
  c.started_on,
  c.ended_on,
  c.cost,
  c.currency,
  c.status
FROM std.campaigns AS c
WHERE c.valid_to IS NULL
