# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Signature Version 4, against the vectors that AWS publishes. tests/contract compares it with botocore."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.qumulo.signature import Signer, s3_headers

# From the suite of test vectors for Signature Version 4 (aws-sig-v4-test-suite), and from the examples in the S3 API reference
# ("Signature Calculations for the Authorization Header").
SUITE = Signer("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", service="service")
SUITE_AT = datetime(2015, 8, 30, 12, 36, tzinfo=timezone.utc)
SUITE_HEADERS = {"Host": "example.amazonaws.com", "X-Amz-Date": "20150830T123600Z"}
S3 = Signer("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
S3_AT = datetime(2013, 5, 24, tzinfo=timezone.utc)
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
S3_HEADERS = {"Host": "examplebucket.s3.amazonaws.com", "x-amz-content-sha256": EMPTY, "x-amz-date": "20130524T000000Z"}
VECTORS = {
    "get-vanilla": (SUITE, SUITE_AT, "", SUITE_HEADERS, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    "get-vanilla-query-order-key-case": (
        SUITE,
        SUITE_AT,
        "Param1=value1&Param2=value2",
        SUITE_HEADERS,
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    "GET Bucket Lifecycle": (S3, S3_AT, "lifecycle=", S3_HEADERS, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    "Get Bucket (List Objects)": (
        S3,
        S3_AT,
        "max-keys=2&prefix=J",
        S3_HEADERS,
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_published_vectors(name: str) -> None:
    signer, at, query, headers, expected = VECTORS[name]
    header = signer.authorization("GET", "/", query, headers, at)
    assert header.endswith(f", Signature={expected}")
    assert header.startswith(f"AWS4-HMAC-SHA256 Credential={signer.access_key_id}/{at:%Y%m%d}/us-east-1/{signer.service}/aws4_request, ")


def test_a_header_of_several_words_is_signed_as_aws_normalises_it() -> None:
    written = {**SUITE_HEADERS, "My-Header1": " a   b  c "}
    assert SUITE.authorization("GET", "/", "", written, SUITE_AT) == SUITE.authorization(
        "GET", "/", "", {**SUITE_HEADERS, "my-header1": "a b c"}, SUITE_AT
    )


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://qumulo.example.com:9000", "qumulo.example.com:9000"),
        ("https://qumulo.example.com:443", "qumulo.example.com"),
        ("https://[2001:db8::1]:9000", "[2001:db8::1]:9000"),
    ],
)
def test_what_is_signed_of_a_request_to_s3(url: str, host: str) -> None:
    assert s3_headers(url, S3_AT) == {"Host": host, "X-Amz-Content-Sha256": EMPTY, "X-Amz-Date": "20130524T000000Z"}


def test_a_secret_is_not_shown() -> None:
    assert S3.secret_access_key not in repr(S3)
