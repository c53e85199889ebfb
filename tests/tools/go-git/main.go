// Prints whom go-git commits as in a folder, as its Worktree.Commit finds it.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
)

func author(folder string) (string, error) {
	options := git.PlainOpenOptions{EnableDotGitCommonDir: true}
	repository, err := git.PlainOpenWithOptions(folder, &options)
	if err != nil {
		return "", err
	}
	values, err := repository.ConfigScoped(config.SystemScope)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s <%s>", values.User.Name, values.User.Email), nil
}

func version() string {
	build, _ := debug.ReadBuildInfo()
	for _, module := range build.Deps {
		if module.Path == "github.com/go-git/go-git/v5" {
			return module.Version
		}
	}
	return "unknown"
}

func main() {
	if os.Args[1] == "version" {
		fmt.Println(version())
		return
	}
	answer, err := author(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(answer)
}
