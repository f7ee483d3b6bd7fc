
use crate::{PageCommit, PageRecord, Step, testing::{World, page}};
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore]
async fn measure() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    for (name, pass, random) in [("new", 1, false), ("unchanged", 1, false), ("changed", 2, false), ("new random keys", 1, true)] {
        let begun = std::time::Instant::now();
        let c0 = cpu();
        let mut make = 0.0;
        for p in 0..100_u64 {
            let m = std::time::Instant::now();
            let records = (0..1000_u64).map(|n| { let id = p * 1000 + n; let key = if random { format!("{:016x}", id.wrapping_mul(0x9e37_79b9_7f4a_7c15)) } else { format!("{id:08}") };
              PageRecord { content: format!("{{\"id\":\"{key}\",\"v\":{pass},\"text\":\"{}\"}}", "x".repeat(250)), key } }).collect();
            make += m.elapsed().as_secs_f64();
            let stored = world.store.commit_page(PageCommit { records, ..page(&run, Step::More, &[]) }).await.expect("stored");
            assert_eq!(stored.added + stored.changed + stored.unchanged, 1000);
        }
        let t = begun.elapsed().as_secs_f64();
        println!("{name}: {:.0} records/s, {t:.2}s, make {make:.2}s, cpu {:.2}s per 100k", 100_000.0 / t, cpu() - c0);
    }
    let begun = std::time::Instant::now();
    let s = world.store.commit_page(page(&run, Step::Complete, &[("x", 1)])).await.expect("swept");
    println!("complete over 200k: {:?} {:?}", begun.elapsed(), s.sweep);
    println!("db {} wal {}", std::fs::metadata(world.folder.path().join("patchbay.db")).unwrap().len(), std::fs::metadata(world.folder.path().join("patchbay.db-wal")).unwrap().len());
}
