# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that say where a platform is. Private to this collection."""

from __future__ import annotations


class ModuleDocFragment:
    """Where to connect, and how."""

    DOCUMENTATION = r"""
options:
  platform:
    description:
      - The platform to speak to. V(qumulo) is Qumulo Core; V(rubrik_cdm) is Rubrik CDM, a cluster of one's own, 5.0 or later; V(rubrik_rsc)
        is Rubrik Security Cloud, formerly Polaris.
    type: str
    required: true
    choices: [qumulo, rubrik_cdm, rubrik_rsc]
  endpoint:
    description:
      - Where the platform's API is, as a host, V(host:port) or a URL. Without a scheme, it is HTTPS.
      - An IPv6 address with a port is written in brackets, V([2001:db8::1]:8000). A host name in other letters than English ones is taken
        in its ASCII form.
      - Without a port, it is 8000 for Qumulo Core and 443 for Rubrik.
      - For Rubrik CDM any node of the cluster will do. For Rubrik Security Cloud it is the tenant's address, for example
        V(example.my.rubrik.com); V(/api) at its end may be there or not.
      - Plain V(http://) is taken only for an address of this machine, since it sends credentials in the clear.
      - When not set, E(QUMULO_ENDPOINT), E(RUBRIK_CDM_ENDPOINT) or E(RUBRIK_RSC_ENDPOINT) is used, by O(platform). When that is not set
        either, Rubrik Security Cloud is looked for where C(access_token_uri) in O(service_account_file) says; for the others it is an
        error, and so is an empty string.
    type: str
  validate_certs:
    description:
      - Whether to verify the platform's TLS certificate. It is verified unless this is V(false).
      - With V(false), O(ca_path) has no effect, but must exist.
      - When O(ca_path) is set and this is not, the certificate is verified, whatever the environment says.
      - For a certificate of your own authority, or one that a Rubrik CDM cluster signed itself, set O(ca_path) and leave this alone.
      - When not set, E(QUMULO_VALIDATE_CERTS), E(RUBRIK_CDM_VALIDATE_CERTS) or E(RUBRIK_RSC_VALIDATE_CERTS) is used, else V(true).
    type: bool
  ca_path:
    description:
      - A PEM file with the certificates to trust, or a directory of them as C(openssl rehash) leaves it, in place of the system's. One that
        does not exist, or has no certificate in it, is an error.
      - For a self-signed certificate, that certificate itself.
      - A relative path is relative to the working directory of the process that runs the task.
      - When not set or empty, E(QUMULO_CA_PATH), E(RUBRIK_CDM_CA_PATH) or E(RUBRIK_RSC_CA_PATH) is used, else what the system trusts
        (E(SSL_CERT_FILE), E(REQUESTS_CA_BUNDLE) and the system's own bundle).
    type: path
  timeout:
    description:
      - How many seconds to wait for the connection, and again for the answer. More than 0, at most 3600; anything else is an error.
      - When not set, E(QUMULO_TIMEOUT), E(RUBRIK_CDM_TIMEOUT) or E(RUBRIK_RSC_TIMEOUT) is used, else 30.
    type: float
  max_parallel_requests:
    description:
      - How many requests at a time the platform may get from all tasks with this option that one user runs on one machine, in whatever
        number of forks and runs. At least 1; less is an error. A request beyond that number waits, at most ten times O(timeout).
      - What is counted is the host and port in O(endpoint), so name the platform in the same way everywhere.
      - It is counted with locks on files in a directory of the user in E(TMPDIR), else in C(/tmp). Containers that do not share it count
        for themselves.
      - When not set, E(QUMULO_MAX_PARALLEL_REQUESTS), E(RUBRIK_CDM_MAX_PARALLEL_REQUESTS) or E(RUBRIK_RSC_MAX_PARALLEL_REQUESTS) is
        used, else there is no limit.
    type: int
"""
