# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that say who calls. Private to this collection."""

from __future__ import annotations


class ModuleDocFragment:
    """How to prove who calls; as options of their own, or as one dictionary of them."""

    DOCUMENTATION = r"""
options:
  token:
    description:
      - A bearer token to authenticate with; an access token, or on Rubrik CDM an API token. The task never ends it.
        Blanks and line ends around it do not count.
      - Set exactly one authentication method, O(token), or O(username) with O(password), or O(client_id) with O(client_secret), or
        O(service_account_file). Options of two methods are an error, and so is half of a method, or one that the platform does not know.
      - Qumulo Core takes O(token), or O(username) with O(password). Rubrik CDM takes all four. Rubrik Security Cloud takes all but
        O(username) with O(password).
      - When none of these options is set, the environment is asked, for example E(QUMULO_TOKEN), or E(RUBRIK_CDM_CLIENT_ID) with
        E(RUBRIK_CDM_CLIENT_SECRET), or E(RUBRIK_RSC_SERVICE_ACCOUNT_FILE). Once an option is set, the environment only completes that
        method. Variables of two methods are an error, too. A variable that is empty counts as unset.
      - An option that is set but empty is an error, unless other options set another method; then it counts as unset, and the environment
        is not asked for it.
      - Without O(token), Rubrik and Qumulo Core are logged in to by each task anew. A task on Rubrik ends that session when it is done. To
        log in once for several tasks, get a token with M(latchkey.tokens.access_token) and pass it on here.
      - The variables are E(QUMULO_TOKEN), E(RUBRIK_CDM_TOKEN) and E(RUBRIK_RSC_TOKEN).
    type: str
  username:
    description:
      - The user to log in as, with O(password). An error on Rubrik Security Cloud.
      - Rubrik CDM creates API tokens and manages service accounts for users that logged in with a password only.
      - When not set, E(QUMULO_USERNAME) or E(RUBRIK_CDM_USERNAME) is used.
    type: str
  password:
    description:
      - The password of O(username).
      - When not set, E(QUMULO_PASSWORD) or E(RUBRIK_CDM_PASSWORD) is used.
    type: str
  totp_code:
    description:
      - The six digits that the user's authenticator shows now, where two-step verification is on. Rubrik CDM only, together with
        O(password). Where it is off, on other platforms and with another authentication method, the code is not sent.
      - Write it in quotes; it may begin with 0.
      - A code works once, for about 30 seconds, so it is good for one task. Log in once with M(latchkey.tokens.access_token), and pass the
        token that it returns to the tasks that follow, in O(token).
      - When not set, E(RUBRIK_CDM_TOTP_CODE) is used. Setting both this and O(totp_secret), here or there, is an error.
    type: str
  totp_secret:
    description:
      - The secret from which an authenticator computes its codes, in Base32, as it was shown when two-step verification was set up. Blanks
        and lower case do no harm; what is no Base32 is an error where a code is asked for. The task computes the code itself, so the clock
        where it runs must be right. Rubrik CDM only, together with O(password).
      - Two tasks within the same 30 seconds compute the same code, and the second one is refused. Log in once, as with O(totp_code).
      - When not set, E(RUBRIK_CDM_TOTP_SECRET) is used. That variable together with a code is an error, too.
    type: str
  client_id:
    description:
      - The id of a Rubrik service account, with O(client_secret). V(client|) with an id for one of Rubrik Security Cloud, V(User:::) with
        an id for one that was created on a Rubrik CDM cluster.
      - An account of Rubrik Security Cloud also opens the clusters that it manages. A new or rotated one takes a while to get there.
      - Rubrik CDM allows a service account ten sessions at once, each of which ends after 24 hours. On CDM 8.0 an account without the
        Administrator role cannot end its own; every task then warns and leaves one behind. Log in once with
        M(latchkey.tokens.access_token) there, with O(latchkey.tokens.access_token#module:current), and pass the token on in O(token).
      - When not set, E(RUBRIK_CDM_CLIENT_ID) or E(RUBRIK_RSC_CLIENT_ID) is used.
    type: str
  client_secret:
    description:
      - The secret of a Rubrik service account, with O(client_id).
      - When not set, E(RUBRIK_CDM_CLIENT_SECRET) or E(RUBRIK_RSC_CLIENT_SECRET) is used.
    type: str
  service_account_file:
    description:
      - The JSON file that Rubrik Security Cloud gives out for a service account, or that M(latchkey.tokens.service_account) writes to its
        O(latchkey.tokens.service_account#module:credentials_file). In place of O(client_id) and O(client_secret).
      - It is read where the task runs. One that cannot be read, or lacks C(client_id) or C(client_secret), is an error. On Rubrik Security
        Cloud its C(access_token_uri) stands in for O(endpoint). On Rubrik CDM only its C(client_id) and C(client_secret) count.
      - When not set, E(RUBRIK_CDM_SERVICE_ACCOUNT_FILE) or E(RUBRIK_RSC_SERVICE_ACCOUNT_FILE) is used.
    type: path
  organization_id:
    description:
      - The Rubrik organization to work in. Qumulo Core has none and takes no notice of it.
      - On Rubrik CDM, for example V(Organization:::3248e2a0-0f4a-4c1c-9d3e-7b5a2f0c8e11). It is asked for in logging in, so with O(token)
        it counts only for API tokens that are created. When not set, Rubrik CDM chooses by the user's preferences and rights.
      - On Rubrik Security Cloud the task switches to that organization, with O(token) too, and ends the session that it got for it when it
        is done. When not set, it works in the organization of the account. One that the account may not act in is an error.
      - A token of Rubrik Security Cloud that is created for another organization leaves one session more, the one that it was had with.
        Whether the token would outlive that is not published, so it stays until it ends by itself, after 24 hours at most.
      - When not set or empty, E(RUBRIK_CDM_ORGANIZATION_ID) or E(RUBRIK_RSC_ORGANIZATION_ID) is used.
    type: str
"""

    DICTIONARY = r"""
options:
  auth:
    description:
      - How to authenticate, as a dictionary of options that all modules share. Set exactly one authentication method, see
        O(latchkey.tokens.access_token#module:token).
      - What is null counts as not set, and what is not set comes from the environment, for example from E(QUMULO_TOKEN).
    type: dict
    default: {}
    suboptions:
      token:
        description: A bearer token, as O(latchkey.tokens.access_token#module:token).
        type: str
      username:
        description: The user to log in as, with the password, as O(latchkey.tokens.access_token#module:username).
        type: str
      password:
        description: That user's password.
        type: str
      totp_code:
        description: A second factor, as O(latchkey.tokens.access_token#module:totp_code).
        type: str
      totp_secret:
        description: The secret of a second factor, as O(latchkey.tokens.access_token#module:totp_secret).
        type: str
      client_id:
        description: The id of a service account, with its secret, as O(latchkey.tokens.access_token#module:client_id).
        type: str
      client_secret:
        description: That account's secret.
        type: str
      service_account_file:
        description: The file of a service account, on the controller, as O(latchkey.tokens.access_token#module:service_account_file).
        type: path
      organization_id:
        description: A Rubrik organization, as O(latchkey.tokens.access_token#module:organization_id).
        type: str
      validate_certs:
        description: Whether to verify the platform's TLS certificate, as O(latchkey.tokens.access_token#module:validate_certs).
        type: bool
      ca_path:
        description: The certificates to trust, in place of the system's, as O(latchkey.tokens.access_token#module:ca_path).
        type: path
      timeout:
        description: Seconds to wait for the platform, as O(latchkey.tokens.access_token#module:timeout).
        type: float
"""
