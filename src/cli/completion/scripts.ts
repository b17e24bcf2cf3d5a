/**
 * The scripts that the shells load. They only pass on the words before the cursor, as separate arguments, and show what
 * comes back: nothing that was typed is evaluated. The first line of an answer is what else may follow (`files`,
 * `folders`) and `nospace`; each other line is a candidate, a tab and its description.
 */

export type Shell = 'bash' | 'zsh' | 'fish';

/** Needs bash 4.0, and not the package bash-completion. */
const BASH = String.raw`# bash completion for locality-tune
_locality_tune() {
    local cur=${'$'}{COMP_WORDS[COMP_CWORD]} answer how values value
    # Readline splits words at = and :, and replaces only what follows.
    [[ $cur == [=:]* ]] && cur=
    answer=$("${'$'}{1/#\~\//$HOME/}" completion bash -- "${'$'}{COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return
    COMPREPLY=()
    {
        IFS= read -r how
        while IFS=$'\t' read -r value _; do
            COMPREPLY+=("$value")
        done
    } <<< "$answer"
    if [[ $how == *files* || $how == *folders* ]]; then
        local IFS=$'\n' kind=-f
        [[ $how == *folders* ]] && kind=-d
        compopt -o filenames
        COMPREPLY+=($(compgen $kind -- "$cur"))
    fi
    [[ $how == *nospace* ]] && compopt -o nospace
    return 0
}
complete -F _locality_tune locality-tune
`;

const ZSH = String.raw`#compdef locality-tune
# zsh completion for locality-tune
_locality_tune() {
    local -a lines values described space
    local line how
    lines=("${'$'}{(@f)$("${'$'}{(Q)words[1]/#\~\//$HOME/}" completion zsh -- "${'$'}{(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    how=$lines[1]
    shift lines
    for line in $lines; do
        values+=("${'$'}{line%%$'\t'*}")
        described+=("${'$'}{${'$'}{line%%$'\t'*}//:/\\:}:${'$'}{line#*$'\t'}")
    done
    [[ $how == *nospace* ]] && space=(-S '')
    (( $#values )) && _describe 'locality-tune' described values $space
    if [[ $how == *files* ]]; then
        [[ $PREFIX == --*=* ]] && compset -P '*='
        _files
    elif [[ $how == *folders* ]]; then
        [[ $PREFIX == --*=* ]] && compset -P '*='
        _files -/
    fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _locality_tune "$@"
else
    compdef _locality_tune locality-tune
fi
`;

const FISH = String.raw`# fish completion for locality-tune
function __locality_tune_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer (command locality-tune completion fish -- $words[2..-1] "$current" 2>/dev/null)
    for line in $answer[2..-1]
        echo $line
    end
    set -l option (string match -r -- '^--[^=]*=' $current)
    set -l path (string replace -r -- '^--[^=]*=' '' $current)
    if string match -q -- '*files*' $answer[1]
        printf '%s\n' "$option"(__fish_complete_path "$path")
    else if string match -q -- '*folders*' $answer[1]
        printf '%s\n' "$option"(__fish_complete_directories "$path")
    end
end
complete -c locality-tune -f -a '(__locality_tune_complete)'
`;

/** By the name of the file that the shell looks for. */
export const SCRIPTS: Readonly<Record<Shell, { readonly file: string; readonly text: string }>> = {
  bash: { file: 'locality-tune', text: BASH },
  zsh: { file: '_locality-tune', text: ZSH },
  fish: { file: 'locality-tune.fish', text: FISH },
};
