"""What tests are made with: connected pairs, scripted peers, faults, ways to cut bytes."""
