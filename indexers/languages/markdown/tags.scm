; Definitions
(section (atx_heading heading_content: (inline) @name)) @definition.section
; An underlined title at the start of the file covers it; other underlined headings open no section of their own.
(section . (setext_heading heading_content: (paragraph (inline) @name) (setext_h1_underline))) @definition.section
(setext_heading heading_content: (paragraph (inline) @name)) @definition.section

; The paragraph under the first heading says what the file is about, unless it holds badges. A blank line under the
; metadata is an empty section.
((document . (section . [(atx_heading) (setext_heading)] . (paragraph) @doc)) @definition.file
  (#not-match? @doc "^\\s*(\\[!|!\\[|<)"))
((document . [(minus_metadata) (plus_metadata)] . (section . [(atx_heading) (setext_heading)] . (paragraph) @doc)) @definition.file
  (#not-match? @doc "^\\s*(\\[!|!\\[|<)"))
((document . [(minus_metadata) (plus_metadata)] . (section)
  . (section . [(atx_heading) (setext_heading)] . (paragraph) @doc)) @definition.file
  (#not-match? @doc "^\\s*(\\[!|!\\[|<)"))
