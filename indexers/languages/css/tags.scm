; Definitions
((rule_set (selectors) @name (block) @body) @definition.rule
  (#not-match? @name ";"))
(media_statement . (_) @name (block) @body) @definition.block
(supports_statement . (_) @name (block) @body) @definition.block
(keyframes_statement (keyframes_name) @name (keyframe_block_list) @body) @definition.block
(at_rule . (at_keyword) . (keyword_query) @name (block) @body) @definition.block
(at_rule . (at_keyword) @name . (block) @body) @definition.block
(at_rule . (at_keyword) . (ERROR (_) @name) (block) @body) @definition.block
(at_rule . (at_keyword) . (feature_query) @name (block) @body) @definition.block
((declaration (property_name) @name) @definition.variable
  (#match? @name "^(--|\\$)"))

; References
(import_statement [
  (string_value (string_content) @reference.import)
  (call_expression (arguments [(string_value (string_content) @reference.import) (plain_value) @reference.import]))])
(call_expression (arguments . (plain_value) @reference.call)
  (#match? @reference.call "^--"))
