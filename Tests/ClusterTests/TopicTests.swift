import Cluster
import Testing

@Test func topicsOfOneNameAreOne() {
    #expect(Topic("events") == Topic("events"))
    #expect(Topic("events") != Topic("jobs"))
}
