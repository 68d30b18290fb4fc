//! The rules, told by people: each test names its rule and is a sentence in the product's words.

mod administering;
mod asks;
mod creating;
mod general;
mod governing;
mod histories;
mod limits;
mod model;
mod removing;
mod seeing;
mod settling;
mod talking;
mod told;
mod world;
