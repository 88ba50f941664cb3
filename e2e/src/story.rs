//! A story: a fresh stack, any number of browsers, and what is looked at after every one.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use anyhow::ensure;
use futures_util::FutureExt as _;

use crate::browser::Browser;
use crate::product;
use crate::stack::Stack;

/// What a story plays with.
#[derive(Debug)]
pub struct Story {
    /// The cloud.
    pub stack: Stack,
    browsers: Vec<Arc<Browser>>,
}

impl Story {
    /// Opens a browser with a profile of its own.
    ///
    /// # Errors
    /// It does not start.
    pub async fn browser(&mut self) -> anyhow::Result<Arc<Browser>> {
        let browser = Arc::new(Browser::open(&self.stack).await?);
        self.browsers.push(Arc::clone(&browser));
        Ok(browser)
    }

    /// What must hold at the end of every story: requests went to the stack only, and the console is clean.
    async fn check(&self) -> anyhow::Result<()> {
        let origins = [self.stack.page_origin(), self.stack.s3_origin()];
        for browser in &self.browsers {
            let exchanges = browser.recorder().exchanges();
            ensure!(!exchanges.is_empty(), "a browser sent nothing");
            let strays: Vec<_> = exchanges
                .iter()
                .filter(|exchange| !origins.contains(&exchange.origin()) && !exchange.is_chromiums_own())
                .map(|exchange| &exchange.url)
                .collect();
            ensure!(strays.is_empty(), "requests left for elsewhere: {strays:?}");
            let complaints = browser.complaints().await?;
            ensure!(complaints.is_empty(), "the console complains: {complaints:#?}");
        }
        Ok(())
    }

    /// Leaves pictures, texts and the stack's log behind.
    async fn report(&self, name: &str) -> anyhow::Result<()> {
        let output = product::output()?;
        for (index, browser) in self.browsers.iter().enumerate() {
            let picture = output.join(format!("{name}-{index}.png"));
            browser.screenshot(&picture).await?;
            eprintln!("{name}: screenshot in {}", picture.display());
            eprintln!("{name}: at {}\n{}", browser.path().await?, browser.page_text().await?);
            for complaint in browser.complaints().await? {
                eprintln!("{name}: console: {complaint}");
            }
        }
        let log = output.join(format!("{name}.log"));
        std::fs::write(&log, self.stack.log())?;
        eprintln!("{name}: log of the stack in {}", log.display());
        Ok(())
    }
}

/// Plays a story on a fresh stack, and leaves a picture of every browser behind if it fails.
///
/// # Panics
/// If the story fails: this is the body of a test.
pub fn play(name: &str, body: impl AsyncFnOnce(&mut Story) -> anyhow::Result<()>) {
    play_with(name, &[], body);
}

/// As [`play`], with more arguments for the stack.
///
/// # Panics
/// If the story fails.
pub fn play_with(name: &str, arguments: &[&str], body: impl AsyncFnOnce(&mut Story) -> anyhow::Result<()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("threads can be started");
    runtime.block_on(async {
        let stack = Stack::start_with(arguments).expect("the stack starts");
        let mut story = Story { stack, browsers: Vec::new() };
        let told = AssertUnwindSafe(body(&mut story)).catch_unwind().await;
        let failure = match told {
            Ok(Ok(())) => match story.check().await {
                Ok(()) => return,
                Err(error) => format!("{error:#}"),
            },
            Ok(Err(error)) => format!("{error:#}"),
            Err(panic) => {
                panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "an assertion failed".to_owned())
            }
        };
        if let Err(error) = story.report(name).await {
            eprintln!("{name}: no full report: {error:#}");
        }
        panic!("{name}: {failure}");
    });
}
