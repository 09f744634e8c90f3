#[test]
fn dump() {
    let recording = crate::testing::toy();
    std::fs::write("/tmp/guides_toy.html", crate::report::page(recording)).unwrap();
    for figure in super::all(recording) {
        std::fs::write(format!("/tmp/guides_{}.svg", figure.id), figure.svg()).unwrap();
        println!("{} {} x {}", figure.id, figure.width, figure.height);
    }
}
