//! What each party learns: on the page, in words.

use leptos::prelude::*;

use crate::ui::icon::{Icon, Symbol};

/// Who sees what.
#[component]
pub(super) fn Parties() -> impl IntoView {
    view! {
        <details class="panel" data-testid="parties">
            <summary><span class="with-icon"><Icon symbol=Symbol::Eye/>"What each party learns"</span></summary>
            <dl class="pairs">
                <div>
                    <dt>"You, who ask"</dt>
                    <dd>
                        "The scores of your records. Who asks often learns about the model: d + 1 scores of chosen records "
                        "tell all weights of a linear or logistic model over d features, 2·d + 1 those of k-means, and the "
                        "distances of k-means show where its centroids are. So rows are counted and limited for each client."
                    </dd>
                </div>
                <div>
                    <dt>"You, who ask layer by layer"</dt>
                    <dd>
                        "Where its publisher allows this teaching mode, you see the sums of every layer of a network, and so its "
                        "weights after a few dozen records."
                    </dd>
                </div>
                <div>
                    <dt>"The model's publisher"</dt>
                    <dd>"Nothing of your records and nothing of your scores. Records never reach the publisher, not even encrypted."</dd>
                </div>
                <div>
                    <dt>"The cloud"</dt>
                    <dd>
                        "It can read published models: their weights are its to compute with. Of records it sees ciphertext, "
                        "how many there are, sizes, times, and under which key. It cannot read a record or a score."
                    </dd>
                </div>
                <div>
                    <dt>"What is not verified"</dt>
                    <dd>
                        "Scores carry no check value: only who knows the weights could tell a right score from a wrong one. A "
                        "cloud that computes something else is noticed where the twin is computed here, and nowhere else. "
                        "Networks (BFV) hide the weights less well: the noise of an answer depends on them."
                    </dd>
                </div>
            </dl>
        </details>
    }
}
