"""`nystream completion`: a script for a shell, made from the parser itself, so that it knows every option."""

from __future__ import annotations

import argparse

from app.arguments import parser


def run_completion(options: argparse.Namespace) -> int:
    """Print it."""
    described = parser()
    print({"bash": bash, "zsh": zsh, "fish": fish}[options.shell](described))
    return 0


def bash(described: argparse.ArgumentParser) -> str:
    """Options and fixed choices; everything else is completed as a file."""
    cases = []
    for command, part in commands_of(described).items():
        options = [option for action in actions_of(part) for option in action.option_strings]
        choices = [
            f"    {'|'.join(action.option_strings)}) COMPREPLY=($(compgen -W '{words(action)}' -- \"$word\")); return;;"
            for action in actions_of(part)
            if action.option_strings and action.choices
        ]
        fixed = [words(action) for action in actions_of(part) if not action.option_strings and action.choices]
        cases.append(
            f"  {command}) case $before in\n"
            + "\n".join([*choices, "      esac"])
            + f"\n    known='{' '.join(options)}'"
            f" fixed='{' '.join(fixed)}';;"
        )
    names = " ".join(commands_of(described))
    general = " ".join(option for action in actions_of(described) for option in action.option_strings)
    return f"""_nystream() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command= known= fixed= one
  for one in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case " {names} " in *" $one "*) command=$one; break;; esac
  done
  case $command in
{chr(10).join(cases)}
  *) known='{general}' fixed='{names}';;
  esac
  COMPREPLY=()
  if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "$known" -- "$word")); return; fi
  if [[ -n $fixed ]]; then COMPREPLY=($(compgen -W "$fixed" -- "$word")); return; fi
}}
complete -o default -F _nystream nystream"""


def zsh(described: argparse.ArgumentParser) -> str:
    """zsh runs bash's completions."""
    return f"autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n{bash(described)}"


def fish(described: argparse.ArgumentParser) -> str:
    """A line per option and command."""
    lines = []
    for name, part in commands_of(described).items():
        lines.append(f"complete -c nystream -n __fish_use_subcommand -a {name}")
        for action in actions_of(part):
            if not action.option_strings and action.choices:
                lines.append(f"complete -c nystream -n '__fish_seen_subcommand_from {name}' -f -a '{words(action)}'")
            for option in action.option_strings:
                flag = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
                line = f"complete -c nystream -n '__fish_seen_subcommand_from {name}' {flag}"
                lines.append(f"{line} -x -a '{words(action)}'" if action.choices else line)
    return "\n".join(lines)


def commands_of(described: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """By name."""
    for action in described._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def actions_of(described: argparse.ArgumentParser) -> list[argparse.Action]:
    """All but the commands."""
    return [action for action in described._actions if not isinstance(action, argparse._SubParsersAction)]


def words(action: argparse.Action) -> str:
    """What an option may be followed by."""
    return " ".join(map(str, action.choices or ()))
