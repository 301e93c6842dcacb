; Definitions
((haddock) @doc . (header) @definition.file)

(data_type name: (name) @name constructors: (_)? @body) @definition.struct
(newtype name: (name) @name constructor: (_)? @body) @definition.struct
(data_constructor [(record name: (_) @name) (prefix name: (_) @name) (infix operator: (_) @name)]) @definition.field
(newtype_constructor name: (_) @name) @definition.field
(gadt_constructor name: (_) @name) @definition.field
(field name: (field_name (variable) @name)) @definition.field
(type_synonym name: (name) @name) @definition.type
(type_family name: (name) @name "where"? @body) @definition.type

(class name: (name) @name "where"? @body) @definition.trait
(instance name: (_) patterns: (type_patterns . [
  (name) @name
  (list) @name
  (tuple) @name
  (unit) @name
  (variable) @name
  (parens (apply constructor: [(name) @name (apply constructor: (name) @name)]))
]) "where"? @body) @definition.impl

(declarations (signature name: [(variable) @name (prefix_id (operator) @name)]) @definition.function)
(class_declarations (signature name: [(variable) @name (prefix_id (operator) @name)]) @definition.function)
(foreign_import signature: (signature name: (variable) @name)) @definition.function
(function name: [(variable) @name (prefix_id (operator) @name)] match: (_) @body) @definition.function
(function (infix operator: [(operator) @name (infix_id (variable) @name)]) match: (_) @body) @definition.function
(declarations (bind name: (variable) @name match: (_) @body) @definition.function)
(class_declarations (bind name: (variable) @name match: (_) @body) @definition.function)
(instance_declarations (bind name: (variable) @name match: (_) @body) @definition.function)
(pattern_synonym (equation synonym: [(apply function: (constructor) @name) (constructor) @name])) @definition.function

; References
(apply function: [
  (variable) @reference.call
  (constructor) @reference.call
  (qualified id: [(variable) (constructor)] @reference.call)])
(exp . [(variable) @reference.call (qualified id: (variable) @reference.call)])
(infix_id [(variable) @reference.call (qualified id: (variable) @reference.call)])
((infix left_operand: [(variable) @reference.call (qualified id: (variable) @reference.call)] operator: (operator) @_operator)
  (#match? @_operator "^([$][!]?|[.]|<[$]>|<[*]>|>>=?|=<<|>=>)$"))
((infix operator: (operator) @_operator right_operand: [(variable) @reference.call (qualified id: (variable) @reference.call)])
  (#match? @_operator "^([.]|>>=?|>=>|&)$"))

(deriving classes: [(name) @reference.inherit (tuple (name) @reference.inherit)])
(instance name: [(name) @reference.inherit (qualified id: (name) @reference.inherit)])
(class context: (context [
  (apply constructor: (name) @reference.inherit)
  (parens (apply constructor: (name) @reference.inherit))
  (tuple (apply constructor: (name) @reference.inherit))]))

(import module: (module) @reference.import)
(import names: (import_list name: (import_name [(variable) (name)] @reference.import)))
