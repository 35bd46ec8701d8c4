-- model: interactions
-- severity: warn
-- Where campaigns are delivered at all, each campaign code of an interaction is the code of a campaign.
-- Prevents: campaigns whose cost shows no response because the interactions name them by another code.
-- zh: 只要交付了营销活动，互动中的活动编码就必须存在于营销活动。防止：互动使用了另一套编码，活动看似只有成本、没有响应。
SELECT i.source, i.extract, i.source_id, i.campaign_code
FROM gold.interactions AS i
WHERE i.campaign_code IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM gold.campaigns AS c WHERE c.campaign_code = i.campaign_code)
  AND EXISTS (SELECT 1 FROM gold.campaigns AS c WHERE c.campaign_code IS NOT NULL)
