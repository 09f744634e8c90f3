//! What the report promises, tried in Chromium. Each promise is a file.

mod accessible;
mod cards;
mod controls;
mod offline;
mod plain;
mod shared;
mod values;
