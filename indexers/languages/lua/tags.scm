; Definitions; a signature ends before the body or the comments above it.
(function_declaration
  name: [
    (identifier) @name
    (dot_index_expression table: (_) @parent field: (identifier) @name)
    (method_index_expression table: (_) @parent method: (identifier) @name)]
  parameters: (parameters) . (_) @body) @definition.function
(function_declaration
  name: [
    (identifier) @name
    (dot_index_expression table: (_) @parent field: (identifier) @name)
    (method_index_expression table: (_) @parent method: (identifier) @name)]
  !body) @definition.function

(variable_declaration (assignment_statement
  (variable_list . name: (identifier) @name)
  (expression_list . value: (function_definition !body)))) @definition.function
(variable_declaration (assignment_statement
  (variable_list . name: (identifier) @name)
  (expression_list . value: (function_definition body: (_) @body)))) @definition.function
(assignment_statement
  (variable_list . name: (identifier) @name)
  (expression_list . value: (function_definition !body))) @definition.function
(assignment_statement
  (variable_list . name: (identifier) @name)
  (expression_list . value: (function_definition body: (_) @body))) @definition.function
(assignment_statement
  (variable_list . name: (dot_index_expression table: (_) @parent field: (identifier) @name))
  (expression_list . value: (function_definition !body))) @definition.function
(assignment_statement
  (variable_list . name: (dot_index_expression table: (_) @parent field: (identifier) @name))
  (expression_list . value: (function_definition body: (_) @body))) @definition.function
(field name: [(identifier) (string)] @name value: (function_definition !body)) @definition.function
(field name: [(identifier) (string)] @name value: (function_definition body: (_) @body)) @definition.function

(chunk (variable_declaration (assignment_statement (variable_list . name: (identifier) @name))) @definition.variable
  (#not-match? @name "^[A-Z][A-Z0-9_]*$|^_$")
  (#not-match? @definition.variable "^local[^=]*=\\s*(function|require)\\b"))
(chunk (variable_declaration (assignment_statement (variable_list . name: (identifier) @name))) @definition.constant
  (#match? @name "^[A-Z][A-Z0-9_]+$")
  (#not-match? @definition.constant "^local[^=]*=\\s*(function|require)\\b"))
(chunk (variable_declaration . (variable_list . name: (identifier) @name)) @definition.variable)
(chunk (assignment_statement (variable_list . name: (identifier) @name)) @definition.variable
  (#not-match? @name "^[A-Z][A-Z0-9_]*$|^_$")
  (#not-match? @definition.variable "^[^=]*=\\s*(function|require)\\b"))
(chunk (assignment_statement (variable_list . name: (identifier) @name)) @definition.constant
  (#match? @name "^[A-Z][A-Z0-9_]+$")
  (#not-match? @definition.constant "^[^=]*=\\s*(function|require)\\b"))
(chunk (assignment_statement
  (variable_list . name: (dot_index_expression table: (_) @parent field: (identifier) @name))) @definition.field
  (#not-match? @definition.field "^[^=]*=\\s*function\\b"))

; References
(function_call name: [
  (identifier) @reference.call
  (dot_index_expression field: (identifier) @reference.call)
  (method_index_expression method: (identifier) @reference.call)]
  (#not-match? @reference.call "^(require|i?pairs|setmetatable|type|tostring|tonumber)$"))

; A call with a module's path as its only argument, where its value is used, is a `require`.
(expression_list (function_call
  name: (identifier)
  arguments: (arguments . (string content: (string_content) @reference.import) .))
  (#match? @reference.import "^[A-Za-z_][A-Za-z0-9_-]*([./][A-Za-z0-9_-]+)*$"))
(dot_index_expression table: (function_call
  name: (identifier)
  arguments: (arguments . (string content: (string_content) @reference.import) .))
  (#match? @reference.import "^[A-Za-z_][A-Za-z0-9_-]*([./][A-Za-z0-9_-]+)*$"))
