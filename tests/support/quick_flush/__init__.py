"""Django's command ``flush`` as the suite needs it: it runs after every test that commits, so it must be quick."""
