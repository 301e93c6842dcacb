; Definitions
(program (comment) @doc . [(declare_statement) (namespace_definition)]) @definition.file
(namespace_definition name: (_) @name body: (_)) @definition.module

(class_declaration name: (name) @name) @definition.class
(interface_declaration name: (name) @name) @definition.interface
(trait_declaration name: (name) @name) @definition.trait
(enum_declaration name: (name) @name) @definition.enum
(enum_case name: (name) @name) @definition.field

(function_definition name: (name) @name) @definition.function
(method_declaration name: (name) @name) @definition.method

(property_declaration (property_element name: (variable_name (name) @name)) (property_hook_list)? @body) @definition.property
(const_declaration (const_element . (name) @name)) @definition.constant
((expression_statement (function_call_expression function: (name) @_name
  arguments: (arguments . (argument (string (string_content) @name))))) @definition.constant
  (#match? @_name "^define$"))

(program (return_statement (array_creation_expression
  (array_element_initializer . (string (string_content) @name)) @definition.key)))

((function_call_expression function: (name) @_name
  arguments: (arguments
  . (argument [(string (string_content) @name) (encapsed_string (string_content) @name)])
  . (argument [(anonymous_function) (arrow_function)]))) @definition.test
  (#match? @_name "^(test|it)$"))
((function_call_expression function: (name) @_name
  arguments: (arguments
  . (argument [(string (string_content) @name) (encapsed_string (string_content) @name)])
  . (argument (anonymous_function)))) @definition.block
  (#match? @_name "^describe$"))

; References
(function_call_expression function: [(name) @reference.call (qualified_name (name) @reference.call)])
(member_call_expression name: (name) @reference.call)
(nullsafe_member_call_expression name: (name) @reference.call)
(scoped_call_expression name: (name) @reference.call)
(object_creation_expression [(name) @reference.call (qualified_name (name) @reference.call)])
(attribute [(name) @reference.call (qualified_name (name) @reference.call)])

(base_clause [(name) @reference.inherit (qualified_name (name) @reference.inherit)])
(class_interface_clause [(name) @reference.inherit (qualified_name (name) @reference.inherit)])
(use_declaration [(name) @reference.inherit (qualified_name (name) @reference.inherit)])

(namespace_use_clause . [(name) (qualified_name)] @reference.import)
(namespace_use_declaration (namespace_name) @reference.import)
(require_once_expression [
  (string (string_content) @reference.import)
  (_ right: (string (string_content) @reference.import))])
(require_expression [
  (string (string_content) @reference.import)
  (_ right: (string (string_content) @reference.import))])
(include_once_expression [
  (string (string_content) @reference.import)
  (_ right: (string (string_content) @reference.import))])
(include_expression [
  (string (string_content) @reference.import)
  (_ right: (string (string_content) @reference.import))])
