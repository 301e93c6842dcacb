; Definitions
((rule . (targets) @name (recipe)? @body) @definition.target
  (#not-match? @name "^\\.[A-Z]+"))
(define_directive name: (word) @name) @definition.macro
(makefile [
  (variable_assignment . name: (word) @name operator: ["=" ":=" "::=" "?="]) @definition.variable
  (shell_assignment . name: (word) @name) @definition.variable])
(export_directive (variable_assignment . name: (word) @name)) @definition.variable
(conditional [
  (variable_assignment . name: (word) @name operator: ["=" ":=" "::=" "?="]) @definition.variable
  (shell_assignment . name: (word) @name) @definition.variable])

; References
(include_directive (list (word) @reference.import))
(rule (prerequisites (word) @reference.call))
