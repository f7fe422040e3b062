//! Templates of mails: files in `templates/`, embedded in the binary.
//!
//! A message is `<language>/<name>.txt`, with the subject line in its block `subject`, and `<language>/<name>.html`.
//! Files whose names begin with `_` are included by others.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, syntax::SyntaxConfig, value::Serde};

use super::Mail;
use crate::{
    Error,
    domain::{letter::Letter, locale::Locale},
};

/// Adds the files of every language. A missing file is a compile error.
macro_rules! embed {
    ($environment:ident: [$($language:literal),*] $files:tt) => {
        $(embed!(@language $environment, $language, $files);)*
    };
    (@language $environment:ident, $language:literal, [$($file:literal),* $(,)?]) => {
        $($environment.add_template(
            concat!($language, "/", $file),
            include_str!(concat!("../../templates/", $language, "/", $file)),
        )?;)*
    };
}

/// All templates, parsed.
#[derive(Debug)]
pub struct Templates(Environment<'static>);

impl Templates {
    /// Parses all templates. Fails on a syntax error, which a test excludes by rendering all of them.
    pub fn embedded() -> Result<Self, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        environment.set_auto_escape_callback(|name| match name.rsplit_once('.') {
            Some((_, "txt")) => AutoEscape::None,
            _ => AutoEscape::Html,
        });
        embed!(environment: ["en", "de"] [
            "_layout.html",
            "_layout.txt",
            "_lines.html",
            "_lines.txt",
            "account_exists.html",
            "account_exists.txt",
            "order_cancelled.html",
            "order_cancelled.txt",
            "order_confirmed.html",
            "order_confirmed.txt",
            "order_rejected.html",
            "order_rejected.txt",
            "welcome.html",
            "welcome.txt",
        ]);
        Ok(Self(environment))
    }

    /// Renders `letter` with `template`. Fails if the template uses a field that the letter does not have.
    pub fn render(&self, template: &str, locale: Locale, letter: &Letter) -> Result<Mail, Error> {
        let name = format!("{}/{template}", locale.tag());
        let mut text = self.0.get_template(&format!("{name}.txt"))?.render_captured(Serde(letter))?;
        let subject = text.with_state_mut(|state| state.render_block("subject"))?;
        let html = self.0.get_template(&format!("{name}.html"))?.render(Serde(letter))?;
        Ok(Mail { subject: subject.trim().to_owned(), text: text.into_output(), html })
    }
}
