"""What a person did with the official SDK before this program came: secrets stored in the one identity of the account.

Reads RAVI_LOCAL_URL and RAVI_LOCAL_MANAGEMENT_KEY from the environment, and prints the identity's uuid.
"""

import os

import httpx
import ravi
from ravi import Ravi

url, key = os.environ["RAVI_LOCAL_URL"], os.environ["RAVI_LOCAL_MANAGEMENT_KEY"]
headers = {
    "Authorization": f"Bearer {key}",
    "Accept": "application/json",
    "User-Agent": f"ravi-python/{ravi.__version__}",
}
# The SDK has one fixed address; a client that is handed in carries another.
account = Ravi(api_key=key, http_client=httpx.Client(base_url=f"{url}/api", headers=headers, trust_env=False))
(main,) = account.identities.list()
main.vault.secrets.create(key="CODEX_MONITOR_DAEMON_TOKEN", value="made-up-daemon-token")
main.vault.secrets.create(key="CODEX_MONITOR_GH_TOKEN_PAYMENTS_AGENT", value="ghp_made_up_token")
print(main.uuid)
