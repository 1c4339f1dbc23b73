"""`make bench`. It is a module of its own since each process that is measured imports this one."""

if __name__ == "__main__":
    from tests.bench.run import main

    main()
