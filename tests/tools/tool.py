"""What a library for Python does with a repository: `tool.py LIBRARY version|author|open|commit FOLDER`."""

import os
import sys
from importlib.metadata import version


def pygit2_author(folder):
    import pygit2

    signature = pygit2.Repository(folder).default_signature
    return f"{signature.name} <{signature.email}>"


def dulwich_author(folder):
    from dulwich.repo import Repo, get_user_identity

    with Repo(folder) as repository:
        return get_user_identity(repository.get_config_stack()).decode()


def dulwich_commit(folder):
    from dulwich import porcelain

    # Without paths it looks for what is new below the current folder.
    os.chdir(folder)
    porcelain.add(folder)
    return porcelain.commit(folder, message="All that dulwich adds").decode()


def gitoxide_open(folder):
    import gitoxide

    return "opened" if gitoxide.open(folder).head_id else "no HEAD"


def main(library, verb, *folder):
    if verb == "version":
        return version(library)
    return globals()[f"{library}_{verb}"](*folder)


print(main(*sys.argv[1:]))
