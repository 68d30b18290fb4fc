//! The rules, told by people: each test names its rule and is a sentence in the product's words.

mod administering;
mod asks;
mod creating;
mod general;
mod governing;
pub(crate) mod histories;
mod limits;
pub(crate) mod model;
mod removing;
mod seeing;
mod settling;
mod talking;
mod told;
mod world;
