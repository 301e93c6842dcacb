"""What a file's name alone tells: secret, binary, generated, or worth reading."""

from __future__ import annotations

import re
from fnmatch import translate
from functools import lru_cache

from indexers.languages.registry import path_role
from indexers.model import SkipReason

_DATA_ENDINGS = (
    "", ".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".txt", ".xml", ".properties", ".csv",
    ".enc",
)  # fmt: skip

SECRET_NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("environment files hold passwords and tokens", (".env", ".env.*", "*.env", ".envrc", ".flaskenv")),
    ("keys and the stores that hold them", (
        "*.pem", "*.key", "*.p12", "*.pfx", "*.p8", "*.jks", "*.keystore", "*.ppk", "*.kdbx", "*.ovpn",
        "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*",
    )),
    ("what programs log in with", (
        ".npmrc", ".pypirc", ".netrc", "_netrc", ".pgpass", ".my.cnf", ".htpasswd", ".git-credentials",
        ".dockercfg", ".s3cfg", ".boto", ".vault-token", ".vault_pass*", "kubeconfig", "*.kubeconfig",
        "*.tfstate", "*.tfstate.*",
        "service-account*.json", "service_account*.json", "*-service-account.json", "client_secret*.json",
    )),
    ("credentials as data; source code of that name is code", tuple(
        stem + ending
        for stem in ("credentials", "*-credentials", "*_credentials", "secret", "secrets", "*-secrets")
        for ending in _DATA_ENDINGS
    )),
    ("typed commands, passwords among them", (".*_history",)),
)  # fmt: skip
"""Why a name is secret, and the globs over lowercase names that find it."""

_GLOBS = frozenset(glob for _, globs in SECRET_NAMES for glob in globs)
_WHOLE = frozenset(glob for glob in _GLOBS if "*" not in glob)
_STARTS = tuple(glob[:-1] for glob in _GLOBS if "*" not in glob[:-1] and glob.endswith("*"))
_ENDS = tuple(glob[1:] for glob in _GLOBS if "*" not in glob[1:] and glob.startswith("*"))
_OTHERS = [glob for glob in _GLOBS if "*" in glob[1:-1] or (glob.startswith("*") and glob.endswith("*"))]
_MIXED = re.compile("|".join(map(translate, sorted(_OTHERS))))
_NOT_SECRET = re.compile(
    r".*\.(?:example|sample|template|tmpl|dist|pub)|(?:.*[.-])?(?:example|sample|template)\.env", re.DOTALL
)

BINARY_SUFFIXES = frozenset({
    ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".ico", ".icns", ".webp", ".tif", ".tiff", ".psd", ".ai",
    ".eps", ".heic", ".avif", ".mp3", ".mp4", ".m4a", ".wav", ".flac", ".ogg", ".oga", ".ogv", ".webm",
    ".avi", ".mov", ".mkv", ".wmv", ".aac", ".zip", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".lz4", ".7z",
    ".rar", ".tar", ".jar", ".war", ".ear", ".whl", ".egg", ".gem", ".deb", ".rpm", ".apk", ".aab",
    ".ipa", ".dmg", ".iso", ".img", ".msi", ".cab", ".nupkg", ".crate", ".exe", ".dll", ".so", ".dylib",
    ".a", ".o", ".lib", ".pdb", ".class", ".pyc", ".pyo", ".pyd", ".beam", ".wasm", ".rlib", ".rmeta",
    ".elc", ".hi", ".dex", ".ttf", ".otf", ".woff", ".woff2", ".eot", ".pdf", ".doc", ".docx", ".xls",
    ".xlsx", ".ppt", ".pptx", ".odt", ".ods", ".odp", ".epub", ".mobi", ".sqlite", ".sqlite3",
    ".db-wal", ".db-shm", ".mdb", ".lance", ".parquet", ".arrow", ".feather", ".avro", ".orc", ".npy",
    ".npz", ".pkl", ".pickle", ".pt", ".pth", ".onnx", ".safetensors", ".gguf", ".h5", ".hdf5",
    ".tflite", ".joblib", ".blend", ".fbx", ".glb", ".unitypackage", ".swf", ".mo",
})  # fmt: skip
"""Endings that never hold text; the others are judged by content."""

_SOURCE_MAPS = (".js.map", ".mjs.map", ".cjs.map", ".css.map", ".ts.map")


@lru_cache(maxsize=100_000)
def judge_name(path: str) -> SkipReason | None:
    """Why a file of that path is not worth reading, or None."""
    name = path.rpartition("/")[2].lower()
    if _is_secret(name):
        return SkipReason.SECRET
    dot = name.rfind(".")
    if dot > 0 and name[dot:] in BINARY_SUFFIXES:
        return SkipReason.BINARY
    return SkipReason.GENERATED if name.endswith(_SOURCE_MAPS) or path_role(path) == "generated" else None


def _is_secret(name: str) -> bool:
    found = name in _WHOLE or name.startswith(_STARTS) or name.endswith(_ENDS) or _MIXED.match(name)
    return bool(found) and not _NOT_SECRET.fullmatch(name)
