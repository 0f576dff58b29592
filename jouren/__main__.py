from jouren.cli import main

# The web server's processes import this module again under another name.
if __name__ == "__main__":
    main()
