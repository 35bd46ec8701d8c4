-- model: outcome_words
-- No word means both won and lost, and all are in small letters without blanks around them.
-- Prevents: a sale counted as won and as lost, and a word that can match nothing.
-- zh: 同一词不同时表示赢单和输单，且均为小写、首尾无空格。防止：同一商机既算赢又算输，或词语永远匹配不上。
SELECT w.word
FROM link.outcome_words AS w
WHERE w.word <> LOWER(TRIM(w.word))
  OR w.word = ''
  OR (
    w.kind = 'won'
    AND w.word IN (SELECT l.word FROM link.outcome_words AS l WHERE l.kind = 'lost')
  )
