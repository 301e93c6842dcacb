; Definitions
(function_definition name: (identifier) @name
  body: (_ . (expression_statement (string (string_content) @doc))?) @body) @definition.function

(class_definition name: (identifier) @name
  body: (_ . (expression_statement (string (string_content) @doc))?) @body) @definition.class

(module (expression_statement (assignment left: (identifier) @name)) @definition.constant
  (#match? @name "^_*[A-Z]"))
(module (expression_statement (assignment left: (identifier) @name)) @definition.variable
  (#not-match? @name "^_*[A-Z]"))
(module . (expression_statement (string (string_content) @doc))) @definition.file

(class_definition body: (_
  (expression_statement (assignment left: (identifier) @name)) @definition.field))
(type_alias_statement left: (type (identifier) @name)) @definition.type

; References
(call function: [
  (identifier) @reference.call
  (_ attribute: (identifier) @reference.call)])
(decorator [
  (identifier) @reference.call
  (_ attribute: (identifier) @reference.call)])
(class_definition superclasses: (argument_list [
  (identifier) @reference.inherit
  (_ attribute: (identifier) @reference.inherit)
  (subscript value: (identifier) @reference.inherit)]))
(import_statement name: [
  (dotted_name) @reference.import
  (aliased_import name: (dotted_name) @reference.import)])
(import_from_statement module_name: (_) @reference.import)
(import_from_statement name: [
  (dotted_name) @reference.import
  (aliased_import name: (dotted_name) @reference.import)])
