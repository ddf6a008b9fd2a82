public enum LayerwiseReader { static func isTableDirectory(_ path: String) -> Bool { false } }
