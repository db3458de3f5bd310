SELECT id FROM task WHERE state = 'running' ORDER BY id
