SELECT bench_floor();
