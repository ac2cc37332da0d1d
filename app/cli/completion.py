"""`nystream completion`: a script for a shell, made from the parser itself, so that it knows every option."""

from __future__ import annotations

import argparse

from app.cli.arguments import parser


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
    """Specifications for zsh's own `_arguments`, with what each option is for."""
    commands = commands_of(described)
    cases = [f"    {name}) _arguments {zsh_arguments(part)};;" for name, part in commands.items()]
    return f"""(( $+functions[compdef] )) || {{ autoload -U compinit && compinit }}
_nystream() {{
  local line
  _arguments -C {zsh_arguments(described)} '1:command:({" ".join(commands)})' '*::argument:->rest'
  case $line[1] in
{chr(10).join(cases)}
  esac
}}
compdef _nystream nystream"""


def zsh_arguments(part: argparse.ArgumentParser) -> str:
    """`-o[help]:FILE:_files` and the like, one for each name of an option, each quoted."""
    specifications = []
    for action in actions_of(part):
        value = f":{action.metavar or action.dest}:({words(action)})" if action.choices else ""
        value = value or ("" if action.nargs == 0 else ":file:_files")
        if not action.option_strings:
            specifications.append(f"'{'*' if action.nargs == '+' else '1'}{value}'")
        specifications += [f"'{option}[{explained(action)}]{value}'" for option in action.option_strings]
    return " ".join(specifications)


def fish(described: argparse.ArgumentParser) -> str:
    """A line per option and command."""
    lines = [fish_option("__fish_use_subcommand", action) for action in actions_of(described)]
    for name, part in commands_of(described).items():
        lines.append(f"complete -c nystream -n __fish_use_subcommand -f -a {name}")
        seen = f"'__fish_seen_subcommand_from {name}'"
        for action in actions_of(part):
            if action.option_strings:
                lines.append(fish_option(seen, action))
            elif action.choices:
                lines.append(f"complete -c nystream -n {seen} -f -a '{words(action)}'")
    return "\n".join(lines)


def fish_option(condition: str, action: argparse.Action) -> str:
    """The line of one option with all its names."""
    names = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in action.option_strings]
    value = f" -x -a '{words(action)}'" if action.choices else "" if action.nargs == 0 else " -r"
    return f"complete -c nystream -n {condition} {' '.join(names)}{value} -d '{explained(action)}'"


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


def explained(action: argparse.Action) -> str:
    """An option's help, without the signs that mean something to a shell."""
    return "".join(letter for letter in action.help or "" if letter not in "'[]:\\")
