; Definitions
((haddock) @doc . (header) @definition.file)

(data_type name: (name) @name constructors: (_)? @body) @definition.struct
(newtype name: (name) @name constructor: (_)? @body) @definition.struct
(data_constructor [(_ name: (_) @name) (_ operator: (_) @name)]) @definition.field
(newtype_constructor name: (_) @name) @definition.field
(gadt_constructor name: (_) @name) @definition.field
(field name: (_ (variable) @name)) @definition.field
(type_synonym name: (name) @name) @definition.type
(type_family name: (name) @name "where"? @body) @definition.type

(class name: (name) @name "where"? @body) @definition.trait
(instance name: (_) patterns: (_ . [
  (name) @name
  (list) @name
  (tuple) @name
  (unit) @name
  (variable) @name
  (parens (_ constructor: [(name) @name (_ constructor: (name) @name)]))
]) "where"? @body) @definition.impl

(declarations (signature name: [(variable) @name (_ (operator) @name)]) @definition.function)
(class_declarations (signature name: [(variable) @name (_ (operator) @name)]) @definition.function)
(foreign_import signature: (_ name: (variable) @name)) @definition.function
(function name: [(variable) @name (_ (operator) @name)] match: (_) @body) @definition.function
(function (_ operator: [(operator) @name (_ (variable) @name)]) match: (_) @body) @definition.function
(declarations (bind name: (variable) @name match: (_) @body) @definition.function)
(class_declarations (bind name: (variable) @name match: (_) @body) @definition.function)
(instance_declarations (bind name: (variable) @name match: (_) @body) @definition.function)
(pattern_synonym (_ synonym: [(_ function: (constructor) @name) (constructor) @name])) @definition.function

; References
(apply function: [
  (variable) @reference.call
  (constructor) @reference.call
  (_ id: [(variable) (constructor)] @reference.call)])
(exp . [(variable) @reference.call (_ id: (variable) @reference.call)])
(infix_id [(variable) @reference.call (_ id: (variable) @reference.call)])
((infix left_operand: [(variable) @reference.call (_ id: (variable) @reference.call)] operator: (operator) @_operator)
  (#match? @_operator "^([$][!]?|[.]|<[$]>|<[*]>|>>=?|=<<|>=>)$"))
((infix operator: (operator) @_operator right_operand: [(variable) @reference.call (_ id: (variable) @reference.call)])
  (#match? @_operator "^([.]|>>=?|>=>|&)$"))

(deriving classes: [(name) @reference.inherit (tuple (name) @reference.inherit)])
(instance name: [(name) @reference.inherit (_ id: (name) @reference.inherit)])
(class context: (_ [
  (_ constructor: (name) @reference.inherit)
  (_ . "(" (_ constructor: (name) @reference.inherit))]))

(import module: (module) @reference.import)
(import names: (_ name: (_ [(variable) (name)] @reference.import)))
