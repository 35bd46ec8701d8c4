-- What systems write for a sale that was won or lost and for what a ticket is about, in Chinese and English. A project
-- with other words takes this file's place with its own: sql/link/outcome_words.sql.
SELECT w.kind, w.word
FROM
  (
    VALUES
      ('won', 'won'), ('won', 'closed won'), ('won', 'win'), ('won', '赢单'), ('won', '成交'), ('won', '已成交'),
      ('won', '已赢单'), ('won', '中标'), ('won', '签约'), ('won', '已签约'),
      ('lost', 'lost'), ('lost', 'closed lost'), ('lost', 'lose'), ('lost', '输单'), ('lost', '已输单'),
      ('lost', '丢单'), ('lost', '流失'), ('lost', '未中标'), ('lost', '失败'),
      ('complaint', 'complain'), ('complaint', '投诉'), ('complaint', '抱怨'), ('complaint', '客诉'),
      ('suggestion', 'suggest'), ('suggestion', 'feedback'), ('suggestion', 'feature request'),
      ('suggestion', '建议'), ('suggestion', '意见')
  ) AS w(kind, word)
