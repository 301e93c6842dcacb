"""What comments say of a definition or a file, in plain text."""

from __future__ import annotations

import pytest

from indexers.languages.registry import find_language
from indexers.model import SourceFile
from indexers.parsing.comments import clean_doc, cut_comments, file_doc
from indexers.parsing.parse import parse_file
from indexers.summarize import first_sentence


def doc_of_file(path: str, text: str) -> str:
    spec = find_language(path)
    assert spec is not None
    return file_doc(spec, text.encode())


@pytest.mark.parametrize(
    ("comment", "sentence"),
    [
        ("/** Adds two\n * @param {number} a the first\n * @returns their sum */", "Adds two."),
        ("# Adds two\n#\n# Both have to be numbers.", "Adds two."),
        ("# = Cookies\n#\n# Easy way to deal with cookies\n#\n# == Usage", "Easy way to deal with cookies."),
        ("# Callbacks\n# =========\n#\n# Hooks that are run. Often.", "Callbacks."),
        ("# :call-seq:\n#   add(a)\n#   add(a, b)\n#\n# Adds them.", "Adds them."),
        ("# :singleton-method: pool\n# Sets the pool.", "Sets the pool."),
        ("# <tt>empty?</tt> tells whether there are none.", "`empty?` tells whether there are none."),
        (
            '/// <summary>\n/// A table of <see cref="T:Shop.Item"/>.\n/// </summary>\n'
            '/// <param name="a">The first</param>',
            "A table of Shop.Item.",
        ),
        ("/// <summary>Sells</summary>\n/// <returns>The price.</returns>", "Sells."),
        ("/** Wraps {@link Gson} for {@code null}. */", "Wraps `Gson` for `null`."),
        ("Compute the mean\n\nParameters\n----------\nx : array", "Compute the mean."),
    ],
)
def test_a_docs_first_sentence_is_what_a_reader_would_take(comment: str, sentence: str) -> None:
    assert first_sentence(clean_doc(comment)) == sentence


def test_of_nothing_but_tags_all_is_kept() -> None:
    assert clean_doc("--- @class Shop") == "@class Shop"
    assert clean_doc("# == Usage") == "== Usage"


@pytest.mark.parametrize(
    ("path", "text", "doc"),
    [
        ("a.rb", "# frozen_string_literal: true\n\n# Sells items.\nmodule Shop\nend\n", "Sells items."),
        ("a.hs", "{-# LANGUAGE BangPatterns #-}\n-- | Sells items.\nmodule Shop where\n", "Sells items."),
        ("a.hs", "{-# LANGUAGE A\n           , B #-}\n-- | Sells.\nmodule Shop where\n", "Sells."),
        (
            "a.py",
            "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n# Sells items.\nimport os\n",
            "Sells items.",
        ),
        (
            "a.go",
            "//go:build linux\n\n// Package shop sells items.\npackage shop\n",
            "Package shop sells items.",
        ),
        (
            "a.js",
            "/* Copyright (c) Shop.\n * Licensed under MIT. */\n\n// eslint-disable\n// Sells items.\nrun()\n",
            "Sells items.",
        ),
        ("a.c", "// SPDX-License-Identifier: MIT\n//\n// Sells items.\nint x;\n", "Sells items."),
        ("a.c", "/* Copyright Shop, all rights reserved. */\nint x;\n", ""),
        ("a.c", "int x; // sold\n", ""),
        ("a.c", "/* never ends", "never ends"),
    ],
)
def test_a_files_doc_is_what_it_says_beside_its_licence(path: str, text: str, doc: str) -> None:
    assert doc_of_file(path, text) == doc


def test_a_pragma_over_a_definition_is_no_doc() -> None:
    source = "module Shop where\n\n{-# INLINE sell #-}\nsell :: Int -> Int\nsell x = x\n"
    symbols = parse_file(SourceFile("Shop.hs", source.encode())).symbols
    assert [(symbol.name, symbol.doc) for symbol in symbols if symbol.name == "sell"] == [("sell", "")]


def test_a_comment_over_a_linters_line_is_the_doc() -> None:
    source = "# Sells items.\n# rubocop:disable Metrics\ndef sell\nend\n"
    symbol = parse_file(SourceFile("shop.rb", source.encode())).symbols[-1]
    assert (symbol.doc, symbol.start_line) == ("Sells items.", 2)


@pytest.mark.parametrize(
    ("path", "code", "left"),
    [
        ("a.py", b"x = 1  # one", b"x = 1"),
        ("a.py", b"url = 'a # b'  # c", b"url = 'a # b'"),
        ("a.js", b"get(/* all */ url = 'http://x')", b"get(  url = 'http://x')"),
        ("a.js", b"get(url)", b"get(url)"),
        ("a.html", b"<p>", b"<p>"),
    ],
)
def test_code_is_left_when_its_comments_are_cut(path: str, code: bytes, left: bytes) -> None:
    spec = find_language(path)
    assert spec is not None
    assert cut_comments(spec, code).rstrip() == left
