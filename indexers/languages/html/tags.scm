; The title says what the page is about.
((element (start_tag) . (text) @doc) @definition.file
  (#match? @definition.file "^<[tT][iI][tT][lL][eE]\\b"))

; Headings by their text, everything else by its id.
((element (start_tag) . (text) @name) @definition.section
  (#match? @definition.section "^<[hH][1-6]\\b"))
((element (start_tag) . (element (start_tag) . (text) @name)) @definition.section
  (#match? @definition.section "^<[hH][1-6]\\b"))
((element [
  (start_tag (attribute (attribute_name) @body (quoted_attribute_value (attribute_value) @name)))
  (start_tag (attribute (attribute_name) @body (attribute_value) @name))
  (self_closing_tag (attribute (attribute_name) @body (quoted_attribute_value (attribute_value) @name)))]) @definition.element
  (#eq? @body "id")
  (#not-match? @definition.element "^<[hH][1-6]\\b"))
(script_element (start_tag (tag_name) @name)) @definition.block
(style_element (start_tag (tag_name) @name)) @definition.block

; References
(script_element (start_tag (attribute (quoted_attribute_value (attribute_value) @reference.import)))
  (#match? @reference.import "\\.[cm]?[jt]sx?([?#]|$)"))
(element (start_tag (attribute (quoted_attribute_value (attribute_value) @reference.import)))
  (#match? @reference.import "\\.css([?#]|$)"))
