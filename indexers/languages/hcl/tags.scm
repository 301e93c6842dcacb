; Blocks by their labels: `resource "aws_vpc" "main"` is aws_vpc.main, `variable "region"` is variable.region.
((config_file (body (block . (identifier) @name . (block_start) @body) @definition.block))
  (#not-eq? @name "locals"))
((block . (identifier) @parent . [(string_lit) (identifier)] @name . (block_start) @body) @definition.block
  (#not-match? @definition.block "^dynamic\\b"))
(block . (identifier) . [(string_lit) (identifier)] @parent . [(string_lit) (identifier)] @name
  . (block_start) @body) @definition.block

; Top-level values, and those of `locals`.
(config_file (body (attribute . (identifier) @name) @definition.variable))
((config_file (body (block . (identifier) @parent
  . (block_start) (body (attribute . (identifier) @name) @definition.variable))))
  (#eq? @parent "locals"))

; References
(block . (identifier) . (string_lit) . (block_start)
  (body (attribute (expression . (literal_value (string_lit (template_literal) @reference.import)))))
  (#match? @reference.import "^\\.{1,2}/"))
(expression . (variable_expr) . (get_attr (identifier) @reference.call))
(function_call . (identifier) @reference.call)
