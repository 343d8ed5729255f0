//! What is refused, and in which words.

use super::message;

#[test]
fn wrong_yaml_is_refused_with_its_place() {
    let cases: &[(&str, &str)] = &[
        (
            "registrys: {}",
            "1:1: unknown key `registrys`; did you mean `registries`?",
        ),
        (
            "Immutable: []",
            "1:1: unknown key `Immutable`; did you mean `immutable`?",
        ),
        (
            "retention: {}",
            "1:1: unknown key `retention`; known are `registries`, `immutable`",
        ),
        ("5", "1:1: this must be `key: value` pairs"),
        ("- immutable", "1:1: this must be `key: value` pairs"),
        (
            "immutable: [a]\nimmutable: [b]",
            "2:1: the key `immutable` is there twice",
        ),
        (
            "immutable: [a]\n---\nimmutable: [b]",
            "3:1: a second document; only one is allowed",
        ),
        (
            "immutable:\n\t- a",
            "2:2: tabs disallowed within this context (block indentation)",
        ),
        ("immutable: [a", "1:12: unclosed bracket '['"),
        (
            "immutable: [\"\\q\"]",
            "1:13: while parsing a quoted scalar, found unknown escape character",
        ),
        ("\0", "1:1: unexpected character: `\\u{0}'"),
        (
            "immutable: !!python/object [a]",
            "1:28: the tag `!!python/object` is not known; text that begins with `!` wants quotes",
        ),
        (
            "immutable:\n- v*\n- *-rc",
            "3:3: no anchor of that name; text that begins with `*` wants quotes",
        ),
        (
            "immutable:\n  *: [a]",
            "2:3: no anchor of that name; text that begins with `*` wants quotes",
        ),
        (
            "immutable: &a [*a]",
            "1:16: the alias stands inside of what it stands for",
        ),
        (
            "registries:\n  [::1]:5000: {}",
            "2:3: this must be text; text that begins with `[` or `{` wants quotes",
        ),
        (
            "registries: {a.example: {<<: 5}}",
            "1:30: YAML merge value must be mapping or sequence of mappings",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(message(*text), format!("conf/f:{expected}"), "{text}");
    }
}

#[test]
fn wrong_registries_are_refused_with_their_place() {
    let cases: &[(&str, &str)] = &[
        (
            "registries: []",
            "1:13: `registries` must be `key: value` pairs",
        ),
        (
            "registries: {a.example: 5}",
            "1:25: this must be `key: value` pairs",
        ),
        (
            "registries:\n  a.example: {}\n  a.example: {}",
            "3:3: the key `a.example` is there twice",
        ),
        (
            "registries:\n  docker.io: {}\n  index.docker.io: {}",
            "3:3: `index.docker.io` is `docker.io`, which is there already in line 2",
        ),
        (
            "registries:\n  reg.io:443: {}\n  REG.io: {}",
            "3:3: `REG.io` is `reg.io:443`, which is there already in line 2",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(message(*text), format!("conf/f:{expected}"), "{text}");
    }
}

#[test]
fn a_wrong_key_of_a_registry_is_refused_with_its_place() {
    let cases: &[(&str, &str)] = &[
        (
            "plain_http: yes",
            "3:5: `plain_http` must be `true` or `false`, not the text \"yes\"",
        ),
        (
            "insecure: on",
            "3:5: `insecure` must be `true` or `false`, not the text \"on\"",
        ),
        (
            "insecure: \"true\"",
            "3:5: `insecure` must be `true` or `false`, not the text \"true\"",
        ),
        (
            "insecure: 1",
            "3:5: `insecure` must be `true` or `false`, not `1`",
        ),
        (
            "allow_private:",
            "3:5: `allow_private` must be `true` or `false`, and there is nothing",
        ),
        (
            "plain-http: true",
            "3:5: unknown key `plain-http`; did you mean `plain_http`?",
        ),
        (
            "ca_cert: x",
            "3:5: unknown key `ca_cert`; known are `plain_http`, `insecure`, `ca`, `client_cert`, `client_key`, `token_realm`, `allow_private`, `concurrency`, `kind`, `identity`, `aws_profile`, `api`, `create`, `mirrors`, `location`, `blocked`",
        ),
        ("ca:", "3:7: `ca` must be text, and there is nothing"),
        ("ca: ''", "3:9: the path is empty"),
        ("ca: [x]", "3:9: `ca` must be text"),
        (
            "ca: ~/ca.pem",
            "3:9: `~` means nothing here; write the whole path, or one from this file's folder",
        ),
        (
            "client_cert: x",
            "3:18: `client_cert` needs `client_key` too",
        ),
        (
            "client_key: x",
            "3:17: `client_key` needs `client_cert` too",
        ),
        (
            "concurrency: 0",
            "3:5: `concurrency` must be a whole number from 1 to 256, not `0`",
        ),
        (
            "concurrency: -1",
            "3:5: `concurrency` must be a whole number from 1 to 256, not `-1`",
        ),
        (
            "concurrency: 257",
            "3:5: `concurrency` must be a whole number from 1 to 256, not `257`",
        ),
        (
            "concurrency: \"5\"",
            "3:5: `concurrency` must be a whole number from 1 to 256, not the text \"5\"",
        ),
        (
            "concurrency: 1.5",
            "3:5: `concurrency` must be a whole number from 1 to 256, not floating point `1.5`",
        ),
        (
            "concurrency: many",
            "3:5: `concurrency` must be a whole number from 1 to 256, not the text \"many\"",
        ),
        (
            "token_realm:",
            "3:5: `token_realm` must be text or a list of texts, and there is nothing",
        ),
        (
            "token_realm: [[x]]",
            "3:19: an entry of `token_realm` must be text",
        ),
    ];
    for (text, expected) in cases {
        let text = format!("registries:\n  a.example:\n    {text}\n");
        assert_eq!(
            message(text.as_str()),
            format!("conf/f:{expected}"),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_host_is_refused_where_it_stands() {
    for text in [
        "registries:\n  'a b': {}",
        "registries:\n  https://a.example/v2/: {}",
        "registries:\n  '': {}",
    ] {
        assert!(
            message(text).starts_with("conf/f:2:3: "),
            "{text}: {}",
            message(text)
        );
    }
    let realm = "registries: {a.example: {token_realm: [b.example, 'c d']}}";
    assert!(
        message(realm).starts_with("conf/f:1:51: "),
        "{}",
        message(realm)
    );
}

#[test]
fn a_pattern_that_can_match_nothing_is_refused_with_its_place() {
    let cases: &[(&str, &str)] = &[
        ("''", "tag pattern ``: it is empty"),
        ("['']", "tag pattern ``: it is empty"),
        ("[a/b]", "tag pattern `a/b`: a tag has no `/`"),
        ("['app:v1']", "tag pattern `app:v1`: a tag has no `:`"),
        ("['!v1']", "tag pattern `!v1`: a tag has no `!`"),
        ("['v1,v2']", "tag pattern `v1,v2`: a tag has no `,`"),
        ("['v1 ']", "tag pattern `v1 `: a tag has no ` `"),
        ("['v\\d']", "tag pattern `v\\d`: a tag has no `\\`"),
        ("['lаtest']", "tag pattern `lаtest`: a tag has no `а`"),
        ("[-rc]", "tag pattern `-rc`: no tag begins with `.` or `-`"),
        (
            "['[a']",
            "tag pattern `[a`: unclosed character class; missing ']'",
        ),
        ("['[z-a]']", "tag pattern `[z-a]`: invalid range; 'z' > 'a'"),
        ("{'': [v1]}", "repository pattern ``: it is empty"),
        (
            "{/a: [v1]}",
            "repository pattern `/a`: there is nothing before a `/`",
        ),
        (
            "{a//b: [v1]}",
            "repository pattern `a//b`: there is nothing before a `/`",
        ),
        (
            "{team/: [v1]}",
            "repository pattern `team/`: write `team/**` for everything below",
        ),
        (
            "{r.example/: [v1]}",
            "repository pattern `r.example/`: write `r.example/**` for everything below",
        ),
        (
            "{r.example: [v1]}",
            "repository pattern `r.example`: host or path? Write `r.example/**` for a host, `**/r.example` for a path",
        ),
        (
            "{'app:v1': [v1]}",
            "repository pattern `app:v1`: a repository's path has no `:`",
        ),
        (
            "{Team/app: [v1]}",
            "repository pattern `Team/app`: a repository's path has no `T`",
        ),
        (
            "{'*.exa mple/a': [v1]}",
            "repository pattern `*.exa mple/a`: a host has no ` `",
        ),
    ];
    for (text, expected) in cases {
        let column = 12 + u32::from(text.starts_with(['[', '{']));
        let expected = format!("conf/f:1:{column}: {expected}");
        assert_eq!(message(format!("immutable: {text}")), expected, "{text}");
    }
}

#[test]
fn a_wrong_shape_of_immutable_is_refused() {
    let either = "must be a list of tag patterns, or `repository pattern: tag patterns` pairs";
    let cases = [
        ("5", format!("1:1: `immutable` {either}, not `5`")),
        ("true", format!("1:1: `immutable` {either}, not `true`")),
        (
            "[[a]]",
            "1:13: an entry of `immutable` must be text".to_owned(),
        ),
        (
            "[~]",
            "1:13: an entry of `immutable` must be text, and there is nothing".to_owned(),
        ),
        (
            "{a: }",
            "1:13: this must be text or a list of texts, and there is nothing".to_owned(),
        ),
        (
            "{a: {b: c}}",
            "1:16: this must be text or a list of texts, not `key: value` pairs".to_owned(),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(
            message(format!("immutable: {text}")),
            format!("conf/f:{expected}"),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_text_is_refused_with_its_place() {
    assert_eq!(
        message(b"immutable: [a]\n# \xc3\xa9\xff".to_vec()),
        "conf/f:2:4: not UTF-8 text"
    );
}

#[test]
fn a_pattern_whose_host_is_none_is_refused() {
    let message = message("immutable: {'a b.example/app': [v1]}");
    let expected = "conf/f:1:13: repository pattern `a b.example/app`: ";
    assert!(message.starts_with(expected), "{message}");
}
