//! What is asked of the vault about preparing: one typed method per request.

use leptos::prelude::Set as _;

use crate::messages::refine::{Ask, ColumnFindings, Reports, RowsHead, ShownRow, State, Told, Which};
use crate::messages::{Command, Encoded, Fault, Reply};
use crate::ui::vault_client::{Vault, variant};

impl Vault {
    async fn refine<T>(self, ask: Ask, pick: fn(Told) -> Option<T>) -> Result<T, Fault> {
        let command = Command::Refine(Encoded::of(&ask));
        let told = self.expect(command, None, variant!(Reply::Refine(told) => told)).await;
        // Short looks at rows go on beside longer work.
        if !matches!(ask, Ask::Rows { .. } | Ask::State | Ask::Findings) {
            self.activity.refining.set(None);
        }
        told?.open().and_then(pick).ok_or_else(|| {
            Fault::new("not-understood", "The vault gave an answer of another kind. Reload the page.")
        })
    }

    pub(super) async fn refine_state(self) -> Result<State, Fault> {
        self.refine(Ask::State, variant!(Told::State(state) => *state)).await
    }

    pub(super) async fn apply_recipe(self, recipe: String) -> Result<State, Fault> {
        self.refine(Ask::Apply { recipe }, variant!(Told::State(state) => *state)).await
    }

    pub(super) async fn preview_recipe(self, recipe: String) -> Result<Reports, Fault> {
        self.refine(Ask::Preview { recipe }, variant!(Told::Reports(reports) => reports)).await
    }

    pub(super) async fn open_rows(self, which: Which) -> Result<RowsHead, Fault> {
        self.refine(Ask::OpenRows(which), variant!(Told::RowsHead(head) => head)).await
    }

    pub(super) async fn rows(self, which: Which, first: u64, count: u32) -> Result<Vec<ShownRow>, Fault> {
        self.refine(Ask::Rows { which, first, count }, variant!(Told::Rows(rows) => rows)).await
    }

    pub(super) async fn save_rows(self) -> Result<(String, String), Fault> {
        self.refine(Ask::SaveRows, variant!(Told::File { file_name, url } => (file_name, url))).await
    }

    pub(super) async fn findings(self) -> Result<Vec<ColumnFindings>, Fault> {
        self.refine(Ask::Findings, variant!(Told::Findings(findings) => findings)).await
    }

    pub(super) async fn cancel_refining(self) -> Result<(), Fault> {
        self.refine(Ask::Cancel, variant!(Told::Done => ())).await
    }
}
