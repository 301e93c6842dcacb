"""Secrets in a text are masked where they stand, and ordinary code is left as it is."""

from __future__ import annotations

import random
import string
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import indexers.source.masking as masking
from indexers.source.masking import mask_secrets
from indexers.source.walk import read_source
from tests.support.properties import UNTIMED, assert_linear
from tests.support.walking import text_of, write

LETTERS = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
_draw = random.Random(20)


def some(size: int, alphabet: str = LETTERS) -> str:
    """Characters that look random, digits, capitals and small letters among them: no key that anyone has."""
    fixed = "".join(c for c in "a7Bf2Qd9" if c in alphabet)[:size]
    return fixed + "".join(_draw.choices(alphabet, k=size - len(fixed)))


def joined(*parts: str) -> str:
    """A token, from parts that no scanner takes for one."""
    return "".join(parts)


UPPER = string.ascii_uppercase + "234567"
KEY_LINE = some(64)
HEADER = joined("-----BEGIN RSA PRIVATE", " KEY-----")
FOOTER = HEADER.replace("BEGIN", "END")

# What stands before a secret, the secret, what stands after; by the kind in secrets.toml.
TOKENS = [
    ("AWS access key", joined("AK", "IA"), some(16, UPPER), ""),
    ("AWS Bedrock key", joined("AB", "SK"), some(120), ""),
    *(("GitHub token", joined("gh", kind, "_"), some(36), "") for kind in "pousr"),
    ("GitHub token", joined("github", "_pat_"), joined(some(22), "_", some(59)), ""),
    *(("GitLab token", joined("gl", kind, "-"), some(26), "") for kind in ("pat", "dt", "rt", "ft")),
    *(("Slack token", joined("xo", "x", kind, "-"), joined("123456789012-", some(24)), "") for kind in "abeoprs"),
    ("Slack token", joined("xap", "p-"), joined("1-A0123-456789-", some(64, HEX)), ""),
    ("Slack webhook", joined("https://hooks.sla", "ck.com/services/"),
     joined("T", some(10), "/B", some(10), "/", some(24)), ""),
    ("Teams webhook", joined("https://a.webhook.off", "ice.com/webhookb2/"),
     joined(some(36), "@", some(36), "/IncomingWebhook/", some(32)), ""),
    ("Discord webhook", joined("https://discord.com/api/web", "hooks/123456789012345678/"), some(68), ""),
    *(("Stripe key", joined(kind, "k_li", "ve_"), some(24), "") for kind in "sr"),
    ("Stripe webhook secret", joined("whs", "ec_"), some(32), ""),
    ("Google API key", joined("AI", "za"), some(35), ""),
    ("Google OAuth secret", joined("GOC", "SPX-"), some(28), ""),
    ("JSON web token", joined("ey", "J"), joined(some(30), ".", some(60), ".", some(43)), ""),
    ("OpenAI key", joined("s", "k-"), some(48), ""),
    ("OpenAI key", joined("s", "k-pr", "oj-"), some(120), ""),
    ("Anthropic key", joined("s", "k-a", "nt-api03-"), some(95), ""),
    ("Hugging Face token", joined("h", "f_"), some(34, string.ascii_letters), ""),
    ("npm token", joined("np", "m_"), some(36), ""),
    ("PyPI token", joined("pyp", "i-AgE"), some(150), ""),
    ("RubyGems or Clojars token", joined("ruby", "gems_"), some(48, HEX), ""),
    ("SendGrid or Brevo key", joined("S", "G."), joined(some(22), ".", some(43)), ""),
    ("Twilio key", joined("S", "K"), some(32, HEX), ""),
    ("Twilio key", joined("A", "C"), some(32, HEX), ""),
    ("Mailchimp or Mailgun key", "", some(32, HEX), joined("-u", "s12")),
    ("Mailchimp or Mailgun key", joined("ke", "y-"), some(32, HEX), ""),
    ("Square token", joined("sq0", "atp-"), some(22), ""),
    ("Facebook token", joined("EA", "AM"), some(120), ""),
    ("Shopify token", joined("shp", "at_"), some(32, HEX), ""),
    ("DigitalOcean token", joined("dop", "_v1_"), some(64, HEX), ""),
    ("Databricks token", joined("da", "pi"), some(32, HEX), ""),
    ("Terraform Cloud or Vault token", joined("hv", "s."), some(95), ""),
    ("Terraform Cloud or Vault token", "", joined(some(14), ".atlas", "v1.", some(64)), ""),
    ("Telegram bot token", "12345678:A", joined("A", some(33)), ""),
    ("Discord bot token", "", joined("MT", some(24), ".", some(6), ".", some(38)), ""),
    ("age key", joined("AGE-SEC", "RET-KEY-1"), some(58, UPPER), ""),
    ("1Password token", joined("op", "s_"), joined("ey", "J", some(260)), ""),
    ("1Password secret key", joined("A", "3-"),
     joined(some(6, UPPER), "-", some(6, UPPER), *["-" + some(5, UPPER) for _ in range(4)]), ""),
    ("Grafana token", joined("gls", "a_"), joined(some(32), "_", some(8, HEX)), ""),
    ("Sentry token", joined("sntr", "yu_"), some(64, HEX), ""),
    ("Atlassian token", joined("ATA", "TT3"), some(180), ""),
    ("JFrog key", joined("AK", "Cp"), some(69), ""),
    ("application token of Facebook", "1234567890123456|", some(27), ""),
    ("token with the mark of its maker", joined("PM", "AK-"), joined(some(24, HEX), "-", some(34, HEX)), ""),
    ("token with the mark of its maker", joined("gs", "k_"), some(52), ""),
    ("token with the mark of its maker", joined("LT", "AI"), some(20), ""),
]  # fmt: skip
PLACES = [
    ("private key", f"{HEADER}\n", KEY_LINE, f"\n{FOOTER}"),
    ("private key", f"{HEADER}\n", KEY_LINE, ""),
    ("private key", f'KEY = "{HEADER}\\n', KEY_LINE, f'\\n{FOOTER}"'),
    ("private key", f"{HEADER}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n", KEY_LINE, ""),
    ("PuTTY key", "Private-Lines: 14\n", KEY_LINE, "\n"),
    ("password in a URL", "postgres://shop:", some(12), "@db.internal:5432/shop"),
    ("Azure storage key", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=", some(86), "=="),
    ("shared access signature", "https://a.blob.core/b?sv=2022-11-02&sig=", some(43), "%3D"),
    ("Authorization header", '-H "Authorization: Bearer ', some(40), '"'),
    ("Authorization header", "Authorization: Basic ", some(24), "=="),
    ("login of a command", "curl -u shop:", some(10), " https://shop.internal"),
    ("option of a command", "deploy --api-key ", some(24), ""),
    ("comparison with a secret", 'if "', some(14), '" == password:'),
    ("Docker registry login", '{"auths": {"r.io": {"auth": "', some(24), '"}}}'),
    ("Azure AD client secret", "value ", joined("ab1", "8Q", "~", some(34)), ""),
]
NAMED = [
    ("a.env.txt", "DB_PASSWORD=", "hunter2", ""),
    ("compose.yaml", "      POSTGRES_PASSWORD: ", "tr0ub4dor", ""),
    ("compose.yaml", "      - API_TOKEN=", some(20), ""),
    ("Dockerfile", "FROM a\nENV ADMIN_PASSWORD=", "s3cr3tpw9", "\n"),
    ("a.sh", "export AWS_SECRET_ACCESS_KEY=", some(40), ""),
    ("settings.ini", "[db]\npassword = ", "x7!kQ#2v", "\n"),
    ("a.py", 'DATABASE = {"password": "', "c0rrect-h0rse", '"}\n'),
    ("a.py", "SECRET_KEY: str = '", some(50), "'\n"),
    ("a.js", "const apiKey = `", some(32), "`;\n"),
    ("A.java", 'private static final String CLIENT_SECRET = "', some(32), '";\n'),
    ("a.go", 'accessToken := "', some(32), '"\n'),
    ("a.rb", 'config.secret_token = "', some(30, HEX), '"\n'),
    ("a.php", "$config['db_password'] = '", "pA55-w0rd!", "';\n"),
    ("a.tf", 'resource "a" "b" {\n  master_password = "', "Sup3r$ecret", '"\n}\n'),
    ("a.json", '{"client_secret": "', some(24), '"}'),
    ("a.toml", 'private_token = "', some(24), '"\n'),
    ("a.xml", "<config><apiToken>", some(24), "</apiToken></config>"),
    ("a.xml", '<add key="x" password="', "Qw3rty-88", '"/>'),
    ("a.cs", 'Environment.SetVariable("API_TOKEN", "', some(32), '");\n'),
    ("a.kt", 'val dbPassword = "', "kotl1n#pass", '"\n'),
    ("a.rs", 'const PASSWORD: &str = "', "ru5t&pass9", '";\n'),
    ("README.md", "run `export API_KEY=", some(32), "` first\n"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "before", "secret", "after"), TOKENS + PLACES)
@pytest.mark.parametrize("path", ["a.py", "a.md", "a.conf"])
def test_each_kind_of_secret_is_masked_where_it_stands(
    path: str, kind: str, before: str, secret: str, after: str
) -> None:
    assert kind
    assert_masked(path, f"first line\nvalue: {before}", secret, after)


@pytest.mark.parametrize(("path", "before", "secret", "after"), NAMED)
def test_what_the_name_of_a_secret_is_given_is_masked(
    path: str, before: str, secret: str, after: str
) -> None:
    assert_masked(path, before, secret, after)


def assert_masked(path: str, before: str, secret: str, after: str) -> None:
    text = f"{before}{secret}{after}"
    masked = mask_secrets(path, text.encode()).decode()
    assert secret not in masked, masked
    assert masked.startswith(before[:5]), masked
    assert_same_places(text, masked)


def assert_same_places(text: str, masked: str) -> None:
    assert len(masked) == len(text)
    assert len(masked.encode()) == len(text.encode())
    assert [len(line) for line in masked.split("\n")] == [len(line) for line in text.split("\n")]


def test_every_kind_that_the_rules_know_has_a_case() -> None:
    rules = tomllib.loads(Path(masking.__file__).with_name("secrets.toml").read_text("utf-8"))
    kinds = [rule["kind"] for rule in rules["token"] + rules["place"]]
    assert len(kinds) == len(set(kinds))
    assert set(kinds) == {kind for kind, *_ in TOKENS + PLACES}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "password = get_password()"),
        ("a.py", "password = os.environ['PASSWORD']"),
        ("a.py", "def login(token: str, password: str = '') -> None: ..."),
        ("a.py", "token = tokens[0].next_token2"),
        ("a.py", "key_provider = sha256_key_provider"),
        ("a.py", 'PASSWORD = "password"'),
        ("a.py", 'PASSWORD = "password123"'),
        ("a.py", 'SECRET = "changeme"'),
        ("a.py", 'API_KEY = "<your-key>"'),
        ("a.py", 'API_KEY = "your-api-key-here-1"'),
        ("a.py", "token = f'{user_id}-{stamp}-v2'"),
        ("a.py", 'TOKEN = "test-token-1"'),
        ("a.py", 'label = {"password": "Password: ", "token": "Enter the 6 digits of your token"}'),
        ("a.py", 'PASSWORD_FIELD = "password_field_1"; TOKEN_URL = "https://a.example/oauth2/token1"'),
        ("a.py", 'SECRET_PATH = "/run/secrets/db1"; private_key = "keys/server1.pem"'),
        ("a.yaml", "password: ${DB_PASSWORD1}"),
        ("a.yaml", "password: {{ vault.password1 }}\ntoken: !vault secret/data/x1"),
        ("a.yaml", "secret_name: db-credentials-1\ntoken_ttl: 3600s\npublic_key: " + some(40)),
        ("a.sh", 'PASSWORD="$1"\nTOKEN=$(cat token1.txt)\nKEY=`pass show a1`'),
        ("a.conf", "password = xxxxxxxxxxxx1\nsecret = ************"),
        ("a.js", "const token = user.token1.value; if (password !== confirmation2) throw e"),
        ("a.js", 'import { tokenize2 } from "./tokenizer2"; const keyCodes = "abc123def456ghi789"'),
        ("a.rb", "belongs_to :user, foreign_key: :user2_id, primary_key: 'uuid2'"),
        ("a.go", 'return errors.New("token: expected 2 parts, got 3")'),
        ("package-lock.txt", '"integrity": "sha512-' + some(86) + '=="'),
        ("go.sum", "github.com/a/b v1.0.0 h1:" + some(43) + "="),
        ("a.txt", "commit " + some(40, HEX) + "\nid 1b4e28ba-2fa1-11d2-883f-0016d3cca427"),
        ("a.css", ".a { background: url(data:image/png;base64," + some(400) + ") }"),
        ("a.md", "See https://github.com/a/b and http://localhost:8000/a@2x.png, ssh://git@host:22/x"),
        ("a.py", f"if text.startswith({HEADER!r}): raise ValueError('a private key')"),
        ("a.py", "pattern = re.compile(r'" + joined("AK", "IA") + "[A-Z2-7]{16}')"),
        ("a.py", "key = '" + joined("AK", "IA") + "IOSFODNN7EXAMPLE'"),
        ("a.py", "token = '" + joined("gh", "p_") + "x" * 36 + "'"),
        ("a.py", "sha = '" + "0123456789abcdef" * 4 + "'"),
        ("a.py", "class TaskScheduler2ConfigurationBuilderFactoryImpl: disk_cache_key_2 = 1"),
    ],
)  # fmt: skip
def test_code_about_secrets_placeholders_and_other_data_stay(path: str, text: str) -> None:
    assert mask_secrets(path, text.encode()).decode() == text


def test_a_file_with_a_secret_is_read_with_the_secret_masked_whatever_its_encoding(tmp_path: Path) -> None:
    secret = some(36)
    text = f"import os\nprint('{joined('gh', 'p_')}{secret}')\n"
    for name, data in {"a.py": text.encode(), "b.py": text.encode("utf-16")}.items():
        write(tmp_path, name, data)
        read = text_of(read_source(tmp_path, name))
        assert read.decode() == text.replace(secret, "*" * len(secret))


def test_a_secret_with_characters_of_several_bytes_keeps_its_bytes_and_characters() -> None:
    text = "password: 'pä55wört-€2-😀x'\n"
    masked = mask_secrets("a.yaml", text.encode()).decode()
    assert "w" not in masked.partition(":")[2]
    assert_same_places(text, masked)


WORDS = ("password", "token", "secret", " = ", ": ", '"', "'", "\n", "\\", "://", "@", "a1", joined("AK", "IA"), HEADER,
         FOOTER, "ey" + "J", ".", "-", "_", "é", "€", "😀", "Q7b2", "authorization: ", "curl -u ")  # fmt: skip


@pytest.mark.slow
@UNTIMED
@given(st.lists(st.sampled_from(WORDS) | st.text(LETTERS, max_size=40), max_size=40).map("".join))
def test_any_text_keeps_its_length_and_lines_and_has_nothing_left_to_mask(text: str) -> None:
    for path in ("a.py", "a.yaml"):
        masked = mask_secrets(path, text.encode()).decode()
        assert_same_places(text, masked)


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    ["a", "=", "password=", "password = \"", "://a:", HEADER, HEADER + "\n", "ey" + "J", "key-", "-us", '" == token ',
     "authorization: ", "a1_-", "bearer x1", "token={{", "secret(((", "s" + "k-a1B", "\\\"", "pass \t"],
)  # fmt: skip
def test_the_cost_grows_with_the_length_of_a_text_whatever_it_is_made_of(unit: str) -> None:
    assert_linear(lambda size: mask_secrets("a.conf", (unit * (size // len(unit))).encode()), 20_000)


@pytest.mark.parametrize("before", ["", ":", "=", "x:", "https:", "a-", "('", '"'])
def test_a_token_is_found_whatever_stands_before_its_mark(before: str) -> None:
    token = "AKIA" + "Q3EZ7XWLM2PVT9KR"
    masked = mask_secrets("notes.md", f"the key {before}{token} is old".encode()).decode()
    assert token not in masked
