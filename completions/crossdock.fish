# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_crossdock_global_optspecs
    string join \n json q/quiet v/verbose progress= color= config-file= plain-http= insecure= ca-cert= retries= idle-timeout= deadline= j/jobs= h/help V/version
end

function __fish_crossdock_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_crossdock_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_crossdock_using_subcommand
    set -l cmd (__fish_crossdock_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c crossdock -n "__fish_crossdock_needs_command" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_needs_command" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_needs_command" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_needs_command" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_needs_command" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_needs_command" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_needs_command" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_needs_command" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_needs_command" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_needs_command" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_needs_command" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_needs_command" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_needs_command" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_needs_command" -s V -l version -d 'Print version'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "login" -d 'Check a credential against its registry, and store it'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "logout" -d 'Forget a credential'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "copy" -d 'Copy an image or index, byte for byte'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "cp" -d 'Copy an image or index, byte for byte'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "tag" -d 'Point more tags at an image, without moving data'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "digest" -d 'Print what an image\'s digest is, without pulling it'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "ls" -d 'List a repository\'s tags, or a registry\'s repositories'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "inspect" -d 'Show what an image is: platforms, layers, config'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "diff" -d 'Show how two images differ'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "check" -d 'Check that an image is complete and intact'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "rm" -d 'Remove a tag, or an image by its digest'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "search" -d 'Find repositories by a word, where the registry offers that'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "ping" -d 'Say what a registry is, who you are there, and what you may do'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "settings" -d 'Show what applies to a registry and which file says it, check settings, begin a file'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "demo" -d 'A guided tour on two registries inside the process'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "man" -d 'Write the manual pages into a folder'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "help" -d 'Explain a command or a topic'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "manifest" -d '`inspect --raw`, for old habits'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "config" -d '`inspect --config`, for old habits'
complete -c crossdock -n "__fish_crossdock_needs_command" -f -a "auth" -d '`login` and `logout`, for old habits'
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -s u -l username -d 'The user name; asked for where it is left out' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -l store -d 'Where to store it: auto, file, keyring, or helper:NAME' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -s p -l password -d 'Refused: everybody on the machine could read it' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -l password-stdin -d 'Read the password or token from stdin'
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -l list -d 'Show every credential that is known of, and where it is; never what it is'
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand logout" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand logout" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand logout" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand logout" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand logout" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand logout" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand logout" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand logout" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand logout" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand logout" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand logout" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand logout" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand logout" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l tags -d 'Copy the tags that match this pattern; may be repeated' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l exclude -d 'With --all-tags or --tags: not those that match this one; may be repeated' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l platform -d 'Only this platform: os/arch[/variant], `local`, or with `*` for any; may be repeated, and makes a new index then' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -s a -l all-tags -d 'Copy all tags of SRC, which has none of its own'
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l referrers -d 'Take along what is attached: signatures, attestations, bills of materials'
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -s n -l no-clobber -d 'Leave a tag alone that points to something else already (exit 5; with several tags, a note)'
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l deep -d 'Look for everything at the destination, and send what is missing, though the image is there'
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l create -d 'Make the repositories that are not there, where the registry wants that (ECR, Harbor\'s projects, Quay, Artifact Registry); `create` in the settings says how'
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l dry-run -d 'Say what would be copied, and copy nothing'
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l check-tag -d 'With a tag and a digest: the tag must point to the digest now'
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l force-immutable -d 'Move a tag although a rule of the settings calls it immutable'
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand copy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l tags -d 'Copy the tags that match this pattern; may be repeated' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l exclude -d 'With --all-tags or --tags: not those that match this one; may be repeated' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l platform -d 'Only this platform: os/arch[/variant], `local`, or with `*` for any; may be repeated, and makes a new index then' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -s a -l all-tags -d 'Copy all tags of SRC, which has none of its own'
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l referrers -d 'Take along what is attached: signatures, attestations, bills of materials'
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -s n -l no-clobber -d 'Leave a tag alone that points to something else already (exit 5; with several tags, a note)'
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l deep -d 'Look for everything at the destination, and send what is missing, though the image is there'
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l create -d 'Make the repositories that are not there, where the registry wants that (ECR, Harbor\'s projects, Quay, Artifact Registry); `create` in the settings says how'
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l dry-run -d 'Say what would be copied, and copy nothing'
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l check-tag -d 'With a tag and a digest: the tag must point to the digest now'
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l force-immutable -d 'Move a tag although a rule of the settings calls it immutable'
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand cp" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand tag" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand tag" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand tag" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand tag" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand tag" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand tag" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand tag" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand tag" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand tag" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand tag" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand tag" -l check-tag -d 'With a tag and a digest: the tag must point to the digest now'
complete -c crossdock -n "__fish_crossdock_using_subcommand tag" -l force-immutable -d 'Move a tag although a rule of the settings calls it immutable'
complete -c crossdock -n "__fish_crossdock_using_subcommand tag" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand tag" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand tag" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand tag" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand digest" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand digest" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand digest" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand digest" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand digest" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand digest" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand digest" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand digest" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand digest" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand digest" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand digest" -l full-ref -d 'Print HOST/PATH@DIGEST'
complete -c crossdock -n "__fish_crossdock_using_subcommand digest" -l check-tag -d 'With a tag and a digest: the tag must point to the digest now'
complete -c crossdock -n "__fish_crossdock_using_subcommand digest" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand digest" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand digest" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand digest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -l filter -d 'Only names that match this pattern; may be repeated' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -l sort -d 'Sort them; otherwise they come as the registry sends them' -r -f -a "name\t'By name'
time\t'The newest first'"
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -l limit -d 'So many at most' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -s l -l long -d 'More than the name: digest, size, time and whose clock it is, platforms, locks'
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -l untagged -d 'Images without a tag, by digest; parts of indexes and attachments are among them'
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -s O -l omit-digest-tags -d 'Leave out tags that only stand for a digest (sha256-…)'
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -l full-ref -d 'Print whole references'
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -l platform -d 'Of an index, the image for this platform: OS/ARCH[/VARIANT], or `local`' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -l raw -d 'Print the manifest\'s bytes as they are'
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -l config -d 'Print the config\'s bytes as they are'
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -l check-tag -d 'With a tag and a digest: the tag must point to the digest now'
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand diff" -l platform -d 'Of indexes, the images for this platform: OS/ARCH[/VARIANT], or `local`' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand diff" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand diff" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand diff" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand diff" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand diff" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand diff" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand diff" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand diff" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand diff" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand diff" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand diff" -l exit-code -d 'End with exit code 1 where they differ'
complete -c crossdock -n "__fish_crossdock_using_subcommand diff" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand diff" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand diff" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand check" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand check" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand check" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand check" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand check" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand check" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand check" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand check" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand check" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand check" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand check" -l fast -d 'Only ask whether blobs are there, and read none'
complete -c crossdock -n "__fish_crossdock_using_subcommand check" -l referrers -d 'Check what is attached to the image, too'
complete -c crossdock -n "__fish_crossdock_using_subcommand check" -l check-tag -d 'With a tag and a digest: the tag must point to the digest now'
complete -c crossdock -n "__fish_crossdock_using_subcommand check" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand check" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand check" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand rm" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand rm" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand rm" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand rm" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand rm" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand rm" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand rm" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand rm" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand rm" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand rm" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand rm" -l force -d 'Remove an image although tags point to it; they go with it. And a tag although the registry removes the image with its last tag'
complete -c crossdock -n "__fish_crossdock_using_subcommand rm" -l dry-run -d 'Say what would be removed, and remove nothing'
complete -c crossdock -n "__fish_crossdock_using_subcommand rm" -l force-immutable -d 'Remove a tag although a rule of the settings calls it immutable'
complete -c crossdock -n "__fish_crossdock_using_subcommand rm" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand rm" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand rm" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand search" -l limit -d 'So many at most' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand search" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand search" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand search" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand search" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand search" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand search" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand search" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand search" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand search" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand search" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand search" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand search" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand search" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand search" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand ping" -l repo -d 'Say what you may do with this repository of it' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand ping" -l write -d 'Try out in this repository what only writing shows, and remove it again' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand ping" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand ping" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand ping" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand ping" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand ping" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand ping" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand ping" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand ping" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand ping" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand ping" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand ping" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand ping" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand ping" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand ping" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -f -a "show" -d 'Show what applies to a registry, and which file says it in which line'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -f -a "check" -d 'Find everything that is wrong with the settings'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -f -a "init" -d 'Write an example with comments, in which nothing is switched on'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and not __fish_seen_subcommand_from show check init schema" -f -a "schema" -d 'Print the JSON Schema of the settings file, for editors'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from show" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from show" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from show" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from show" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from show" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from show" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from show" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from show" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from show" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from show" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from check" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from check" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from check" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from check" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from check" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from check" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from check" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from check" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from check" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from check" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from check" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from init" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from init" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from init" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from init" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from init" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from init" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from init" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from init" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from init" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from init" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from init" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from init" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from init" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from schema" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from schema" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from schema" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from schema" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from schema" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from schema" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from schema" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from schema" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from schema" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from schema" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from schema" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from schema" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from schema" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand settings; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand demo" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand demo" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand demo" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand demo" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand demo" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand demo" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand demo" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand demo" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand demo" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand demo" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand demo" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand demo" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand demo" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand completions" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand completions" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand completions" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand completions" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand completions" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand completions" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand completions" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand completions" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand completions" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand completions" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand completions" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand completions" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand completions" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand man" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand man" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand man" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand man" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand man" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand man" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand man" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand man" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand man" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand man" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand man" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand man" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand man" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand help" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand help" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand help" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand help" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand help" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand help" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand help" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand help" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand help" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand help" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand help" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand help" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand help" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand manifest" -l platform -d 'Of an index, the image for this platform: OS/ARCH[/VARIANT], or `local`' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand manifest" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand manifest" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand manifest" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand manifest" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand manifest" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand manifest" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand manifest" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand manifest" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand manifest" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand manifest" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand manifest" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand manifest" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand manifest" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand manifest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand config" -l platform -d 'Of an index, the image for this platform: OS/ARCH[/VARIANT], or `local`' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand config" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand config" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand config" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand config" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand config" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand config" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand config" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand config" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand config" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand config" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand config" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand config" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand config" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and not __fish_seen_subcommand_from login logout" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and not __fish_seen_subcommand_from login logout" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and not __fish_seen_subcommand_from login logout" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and not __fish_seen_subcommand_from login logout" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and not __fish_seen_subcommand_from login logout" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and not __fish_seen_subcommand_from login logout" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and not __fish_seen_subcommand_from login logout" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and not __fish_seen_subcommand_from login logout" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and not __fish_seen_subcommand_from login logout" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and not __fish_seen_subcommand_from login logout" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and not __fish_seen_subcommand_from login logout" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and not __fish_seen_subcommand_from login logout" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and not __fish_seen_subcommand_from login logout" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and not __fish_seen_subcommand_from login logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and not __fish_seen_subcommand_from login logout" -f -a "login" -d 'Check a credential against its registry, and store it'
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and not __fish_seen_subcommand_from login logout" -f -a "logout" -d 'Forget a credential'
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -s u -l username -d 'The user name; asked for where it is left out' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -l store -d 'Where to store it: auto, file, keyring, or helper:NAME' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -s p -l password -d 'Refused: everybody on the machine could read it' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -l password-stdin -d 'Read the password or token from stdin'
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -l list -d 'Show every credential that is known of, and where it is; never what it is'
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from logout" -l progress -d 'How progress is shown on stderr' -r -f -a "auto\t'Bars on a terminal, lines in a log, nothing beside `--json`'
bar\t'Bars, as far as stderr is a terminal'
plain\t'A line now and then'
json\t'One JSON object a line for each event'
none\t'Notes alone'"
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from logout" -l color -d 'When stderr is coloured' -r -f -a "auto\t'Where stderr is a terminal and `NO_COLOR` is not set'
always\t'Always, even into a file; typed by hand, it holds over `NO_COLOR`'
never\t'Never'"
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from logout" -l config-file -d 'Read the settings from this file' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from logout" -l plain-http -d 'Speak plain HTTP with this host, and with no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from logout" -l insecure -d 'Do not check the certificate of this host, and of no other' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from logout" -l ca-cert -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from logout" -l retries -d 'Try again so often when a registry is busy or out of reach' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from logout" -l idle-timeout -d 'Give up on a registry that is silent for so long, as in 30s or 2m' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from logout" -l deadline -d 'End everything after so long' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from logout" -s j -l jobs -d 'So many transfers at once' -r
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from logout" -l json -d 'Print one JSON document on stdout; errors are JSON objects on stderr'
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from logout" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from logout" -s v -l verbose -d 'Say more; twice: every request, with secrets masked'
complete -c crossdock -n "__fish_crossdock_using_subcommand auth; and __fish_seen_subcommand_from logout" -s h -l help -d 'Print help (see more with \'--help\')'
