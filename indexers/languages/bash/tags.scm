; Definitions
(function_definition name: (word) @name) @definition.function

((program (variable_assignment name: (variable_name) @name) @definition.variable)
  (#not-match? @definition.variable "^\\w+\\+="))
(program (declaration_command ["export" "declare" "typeset"]
  (variable_assignment name: (variable_name) @name) @definition.variable))
(program (declaration_command "readonly"
  (variable_assignment name: (variable_name) @name) @definition.constant))

; References
(command name: (command_name (word) @reference.call)
  (#not-match? @reference.call "^\\\\?([.:[]|source|echo|printf|cd|set|unset|shift|return|exit|test|true|false|eval|exec|trap|read|alias|break|continue|shopt|pushd|popd|wait|getopts|umask|command|builtin|type)$"))
(command name: (command_name) . argument: [(word) (string) (concatenation)] @reference.import
  (#match? @reference.import "\\.(ba|z|k)?sh[\"']?$"))
