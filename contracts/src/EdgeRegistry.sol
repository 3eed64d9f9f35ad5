// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Consortium} from "./Consortium.sol";
import {NodeIndex} from "./NodeIndex.sol";

/// @title Edge nodes and who does which task
/// @notice Companies offer edge nodes; a device asks for the best one and gets the nearest that has a free slot, offers the
/// service and
/// costs no more than the device's limit; ties go to the lowest id. Distance is compared as the squared difference of integer
/// micro-degrees, latitude and longitude alike and unscaled: everyone can redo the sum by hand.
contract EdgeRegistry is NodeIndex {
    /// @notice A task is tried on so many nodes at most.
    uint256 public constant ATTEMPTS_MAX = 8;
    /// @notice A slot not completed or reported after this time may be freed by anyone.
    uint256 public constant LEASE_SECONDS = 600;
    /// @notice How many of the nearest eligible nodes a match names.
    uint256 public constant AMONG_MAX = 4;
    uint256 public constant SERVICES_PER_NODE_MAX = 16;
    uint256 public constant SERVICES_MAX = 65_535;
    uint256 public constant NODES_MAX = (1 << 20) - 1;
    /// @notice Tasks that one call completes or expires.
    uint256 public constant BATCH_MAX = 256;
    uint256 public constant PAGE_MAX = 500;

    int32 private constant LATITUDE_E6_MAX = 90_000_000;
    int32 private constant LONGITUDE_E6_MAX = 180_000_000;

    enum Reason {
        None,
        NoneOffersService,
        NoneHasCapacity,
        AllAboveLimit,
        AttemptsExhausted
    }

    enum NodeState {
        None,
        Active,
        Withdrawn
    }

    enum TaskStatus {
        None,
        Matched,
        Completed,
        Failed,
        Expired
    }

    enum Skipped {
        None,
        NotYours,
        NotMatched,
        LeaseRuns
    }

    struct NodeSpec {
        address node;
        int32 latitudeE6;
        int32 longitudeE6;
        uint32 capacity;
        uint96 priceWei;
        bytes32[] services;
    }

    struct NodeView {
        uint256 id;
        NodeState state;
        address node;
        address company;
        int32 latitudeE6;
        int32 longitudeE6;
        uint32 capacity;
        uint32 inUse;
        uint96 priceWei;
        bytes32[] services;
        uint32 completed;
        uint32 failed;
        uint32 expired;
    }

    struct TaskView {
        TaskStatus status;
        address device;
        uint256 nodeId;
        address node;
        uint256 attempt;
        bytes32 service;
        int32 latitudeE6;
        int32 longitudeE6;
        uint96 maxPriceWei;
        uint64 leaseEndsAt;
        /// @dev Nodes that failed this task, oldest first.
        uint32[] tried;
    }

    struct ServiceView {
        bytes32 service;
        uint256 nodes;
    }

    /// @dev Three slots: what a match changes; who it is and its record; what it belongs to and offers is read more seldom.
    struct Node {
        int32 latitudeE6;
        int32 longitudeE6;
        uint96 priceWei;
        uint32 capacity;
        uint32 inUse;
        NodeState state;
        address node;
        uint32 completed;
        uint32 failed;
        uint32 expired;
        address company;
        /// @dev Numbers of its services, 16 bits each.
        uint256 services;
    }

    /// @dev One slot; the device is the first 20 bytes of the task's id.
    struct Task {
        int32 latitudeE6;
        int32 longitudeE6;
        uint96 maxPriceWei;
        uint16 service;
        uint24 nodeId;
        uint8 attempt;
        TaskStatus status;
        uint40 leaseEndsAt;
    }

    event NodeAdded(
        uint256 indexed nodeId,
        address indexed node,
        address indexed company,
        int32 latitudeE6,
        int32 longitudeE6,
        uint32 capacity,
        uint96 priceWei,
        bytes32[] services
    );
    event NodeUpdated(
        uint256 indexed nodeId, int32 latitudeE6, int32 longitudeE6, uint32 capacity, uint96 priceWei, bytes32[] services
    );
    event NodeWithdrawn(uint256 indexed nodeId, address indexed by);
    /// @notice Who was chosen and among whom: `among` are the nearest eligible nodes in order, the chosen one first.
    event Matched(
        bytes32 indexed taskId,
        address indexed device,
        uint256 indexed nodeId,
        address node,
        address company,
        uint256 attempt,
        bytes32 service,
        int32 latitudeE6,
        int32 longitudeE6,
        uint256 maxPriceWei,
        uint256 priceWei,
        uint256 distanceSquared,
        uint256 considered,
        uint32[] among
    );
    event NotMatched(bytes32 indexed taskId, address indexed device, Reason reason);
    event TaskFailed(bytes32 indexed taskId, uint256 indexed nodeId, uint256 attempt, uint8 why);
    event TaskCompleted(bytes32 indexed taskId, uint256 indexed nodeId);
    event TaskExpired(bytes32 indexed taskId, uint256 indexed nodeId);
    event TaskSkipped(bytes32 indexed taskId, Skipped reason);

    error NotAnEdgeNodeOf(address node, address company);
    error NodeAlreadyRegistered(uint256 nodeId);
    error UnknownNode(uint256 nodeId);
    error NodeNotActive(uint256 nodeId);
    error NotItsCompany(uint256 nodeId, address company);
    error PositionOutOfRange(int32 latitudeE6, int32 longitudeE6);
    error NoCapacity();
    error ServicesOutOfBounds(uint256 services, uint256 atMost);
    error InvalidService(bytes32 service);
    error TooManyNodes(uint256 atMost);
    error TooManyServices(uint256 atMost);
    error NotADevice(address account, Consortium.Standing standing);
    error TaskIdNotYours(bytes32 taskId, address device);
    error TaskExists(bytes32 taskId);
    error TaskNotMatched(bytes32 taskId, TaskStatus status);
    error BatchTooLarge(uint256 tasks, uint256 atMost);

    Consortium public immutable consortium;

    uint256 public nodeCount;
    mapping(uint256 id => Node) private _nodes;
    mapping(address node => uint256 id) public nodeIdOf;
    bytes32[] private _services;
    mapping(bytes32 taskId => Task) private _tasks;
    /// @dev Ids of nodes that failed a task, 32 bits each, the latest lowest.
    mapping(bytes32 taskId => uint256) private _tried;

    constructor(Consortium consortium_) {
        consortium = consortium_;
    }

    // --- nodes ---------------------------------------------------------------------------------

    /// @notice A company offers one of its edge nodes. A node that was withdrawn comes back under its old id, with its record.
    function addNode(NodeSpec calldata spec) external returns (uint256 id) {
        if (!_isEdgeNodeOf(spec.node, msg.sender)) revert NotAnEdgeNodeOf(spec.node, msg.sender);
        id = nodeIdOf[spec.node];
        if (id == 0) {
            id = ++nodeCount;
            if (id > NODES_MAX) revert TooManyNodes(NODES_MAX);
            nodeIdOf[spec.node] = id;
            _nodes[id].node = spec.node;
        } else if (_nodes[id].state == NodeState.Active) {
            revert NodeAlreadyRegistered(id);
        }
        Node storage added = _nodes[id];
        added.company = msg.sender;
        _place(id, added, spec.latitudeE6, spec.longitudeE6, spec.capacity, spec.priceWei, spec.services);
        emit NodeAdded(
            id, spec.node, msg.sender, spec.latitudeE6, spec.longitudeE6, spec.capacity, spec.priceWei, spec.services
        );
    }

    /// @notice The owning company changes what it offers; tasks under way are not touched.
    function updateNode(
        uint256 id,
        int32 latitudeE6,
        int32 longitudeE6,
        uint32 capacity,
        uint96 priceWei,
        bytes32[] calldata services
    ) external {
        Node storage changed = _active(id);
        if (changed.company != msg.sender) revert NotItsCompany(id, changed.company);
        _unplace(id, changed);
        _place(id, changed, latitudeE6, longitudeE6, capacity, priceWei, services);
        emit NodeUpdated(id, latitudeE6, longitudeE6, capacity, priceWei, services);
    }

    /// @notice The owning company takes a node back; so may anyone once the consortium no longer knows it as that company's
    /// edge node.
    /// It gets no more tasks; those under way may still be completed.
    function withdrawNode(uint256 id) external {
        Node storage gone = _active(id);
        if (msg.sender != gone.company && _isEdgeNodeOf(gone.node, gone.company)) revert NotItsCompany(id, gone.company);
        _unplace(id, gone);
        gone.state = NodeState.Withdrawn;
        emit NodeWithdrawn(id, msg.sender);
    }

    function node(uint256 id) public view returns (NodeView memory) {
        Node storage known = _nodes[id];
        if (known.state == NodeState.None) revert UnknownNode(id);
        return NodeView({
            id: id,
            state: known.state,
            node: known.node,
            company: known.company,
            latitudeE6: known.latitudeE6,
            longitudeE6: known.longitudeE6,
            capacity: known.capacity,
            inUse: known.inUse,
            priceWei: known.priceWei,
            services: _servicesOf(known.services),
            completed: known.completed,
            failed: known.failed,
            expired: known.expired
        });
    }

    /// @notice A page of the nodes in order of id, those withdrawn included.
    function nodesPage(uint256 offset, uint256 limit) external view returns (NodeView[] memory page) {
        page = new NodeView[](_pageLength(nodeCount, offset, limit));
        for (uint256 index = 0; index < page.length; index++) page[index] = node(offset + index + 1);
    }

    function record(uint256 id) external view returns (uint32 completed, uint32 failed, uint32 expired) {
        Node storage known = _nodes[id];
        if (known.state == NodeState.None) revert UnknownNode(id);
        return (known.completed, known.failed, known.expired);
    }

    function serviceCount() external view returns (uint256) {
        return _services.length;
    }

    /// @notice A page of the services ever offered, with how many nodes offer them now.
    function servicesPage(uint256 offset, uint256 limit) external view returns (ServiceView[] memory page) {
        page = new ServiceView[](_pageLength(_services.length, offset, limit));
        for (uint256 index = 0; index < page.length; index++) {
            bytes32 service = _services[offset + index];
            page[index] = ServiceView(service, _roots[service].nodes);
        }
    }

    // --- matching ------------------------------------------------------------------------------

    /// @notice The best node for a position, a service and a price limit at this moment, or why there is none.
    function edgeMatch(int32 latitudeE6, int32 longitudeE6, bytes32 service, uint96 maxPriceWei)
        external
        view
        returns (Reason reason, uint256 id, address node_, uint256 priceWei, uint256 distanceSquared, uint256 considered)
    {
        Query memory query;
        (reason, query) = _search(latitudeE6, longitudeE6, _roots[service], maxPriceWei, 0, 1);
        considered = query.considered;
        if (reason == Reason.None) {
            id = query.keys[0] & NODES_MAX;
            distanceSquared = query.keys[0] >> 20;
            (node_, priceWei) = (_nodes[id].node, _nodes[id].priceWei);
        }
    }

    /// @notice The nearest eligible nodes in order, at most AMONG_MAX: what a match would name as `among`.
    function nearest(int32 latitudeE6, int32 longitudeE6, bytes32 service, uint96 maxPriceWei, uint256 wanted)
        external
        view
        returns (Reason reason, uint32[] memory ids, uint256 considered)
    {
        if (wanted > AMONG_MAX) wanted = AMONG_MAX;
        if (wanted == 0) wanted = 1;
        Query memory query;
        (reason, query) = _search(latitudeE6, longitudeE6, _roots[service], maxPriceWei, 0, wanted);
        return (reason, _idsOf(query), query.considered);
    }

    /// @notice A device asks for a node for one task and holds a slot of it until the task is completed, reported or expired.
    /// The first 20
    /// bytes of `taskId` are the device's address, so nobody can take another's id; the rest is free.
    /// Without a match nothing is kept and `NotMatched` says why; the same id may be used again.
    function requestMatch(bytes32 taskId, int32 latitudeE6, int32 longitudeE6, bytes32 service, uint96 maxPriceWei) external {
        _onlyDevice(taskId);
        if (_tasks[taskId].status != TaskStatus.None) revert TaskExists(taskId);
        Root memory root = _roots[service];
        Task memory asked;
        (asked.latitudeE6, asked.longitudeE6) = (latitudeE6, longitudeE6);
        (asked.maxPriceWei, asked.service) = (maxPriceWei, root.number);
        _match(taskId, asked, service, root, 0);
    }

    /// @notice The device of a task says that its node failed it: that goes on the node's record, the slot is freed, and the
    /// best node not
    /// yet tried takes over.
    function reportFailure(bytes32 taskId, uint8 why) external {
        _onlyDevice(taskId);
        Task memory failed = _tasks[taskId];
        if (failed.status != TaskStatus.Matched) revert TaskNotMatched(taskId, failed.status);
        _nodes[failed.nodeId].failed++;
        _release(failed.nodeId, 1);
        emit TaskFailed(taskId, failed.nodeId, failed.attempt, why);
        uint256 tried = _tried[taskId] << 32 | failed.nodeId;
        _tried[taskId] = tried;
        if (failed.attempt >= ATTEMPTS_MAX) {
            _giveUp(taskId, failed, Reason.AttemptsExhausted);
            return;
        }
        bytes32 service = _services[failed.service - 1];
        _match(taskId, failed, service, _roots[service], tried);
    }

    /// @notice A node reports tasks as done: they count on its record and free their slots. What is not its own or not open is
    /// skipped.
    function complete(bytes32[] calldata taskIds) external {
        _checkBatch(taskIds.length);
        uint256 id = nodeIdOf[msg.sender];
        if (id == 0) revert UnknownNode(0);
        uint32 done = 0;
        for (uint256 index = 0; index < taskIds.length; index++) {
            bytes32 taskId = taskIds[index];
            Task storage task_ = _tasks[taskId];
            if (task_.status != TaskStatus.Matched) {
                emit TaskSkipped(taskId, Skipped.NotMatched);
            } else if (task_.nodeId != id) {
                emit TaskSkipped(taskId, Skipped.NotYours);
            } else {
                task_.status = TaskStatus.Completed;
                done++;
                emit TaskCompleted(taskId, id);
            }
        }
        if (done == 0) return;
        _nodes[id].completed += done;
        _release(id, done);
    }

    /// @notice Anyone frees the slots of tasks whose lease has run out.
    function expire(bytes32[] calldata taskIds) external {
        _checkBatch(taskIds.length);
        for (uint256 index = 0; index < taskIds.length; index++) {
            bytes32 taskId = taskIds[index];
            Task storage task_ = _tasks[taskId];
            if (task_.status != TaskStatus.Matched) {
                emit TaskSkipped(taskId, Skipped.NotMatched);
            } else if (task_.leaseEndsAt > block.timestamp) {
                emit TaskSkipped(taskId, Skipped.LeaseRuns);
            } else {
                task_.status = TaskStatus.Expired;
                uint256 id = task_.nodeId;
                _nodes[id].expired++;
                _release(id, 1);
                emit TaskExpired(taskId, id);
            }
        }
    }

    function task(bytes32 taskId) external view returns (TaskView memory result) {
        Task memory known = _tasks[taskId];
        if (known.status == TaskStatus.None) return result;
        result.status = known.status;
        result.device = address(bytes20(taskId));
        result.nodeId = known.nodeId;
        result.node = _nodes[known.nodeId].node;
        result.attempt = known.attempt;
        result.service = _services[known.service - 1];
        (result.latitudeE6, result.longitudeE6) = (known.latitudeE6, known.longitudeE6);
        (result.maxPriceWei, result.leaseEndsAt) = (known.maxPriceWei, known.leaseEndsAt);
        uint256 tried = _tried[taskId];
        uint256 count = 0;
        for (uint256 rest = tried; rest != 0; rest >>= 32) count++;
        result.tried = new uint32[](count);
        for (; tried != 0; tried >>= 32) result.tried[--count] = uint32(tried);
    }

    // --- inside --------------------------------------------------------------------------------

    function _priceOf(uint256 id) internal view override returns (uint256) {
        return _nodes[id].priceWei;
    }

    function _onlyDevice(bytes32 taskId) private view {
        (Consortium.Standing standing, Consortium.Role role,) = consortium.standing(msg.sender);
        if (standing != Consortium.Standing.Active || role != Consortium.Role.Device) revert NotADevice(msg.sender, standing);
        if (address(bytes20(taskId)) != msg.sender) revert TaskIdNotYours(taskId, msg.sender);
    }

    function _isEdgeNodeOf(address account, address company) private view returns (bool) {
        (Consortium.Standing standing, Consortium.Role role, address owner) = consortium.standing(account);
        return standing == Consortium.Standing.Active && role == Consortium.Role.EdgeNode && owner == company;
    }

    function _active(uint256 id) private view returns (Node storage known) {
        known = _nodes[id];
        if (known.state == NodeState.None) revert UnknownNode(id);
        if (known.state != NodeState.Active) revert NodeNotActive(id);
    }

    function _checkPosition(int32 latitudeE6, int32 longitudeE6) private pure {
        if (
            latitudeE6 < -LATITUDE_E6_MAX || latitudeE6 > LATITUDE_E6_MAX || longitudeE6 < -LONGITUDE_E6_MAX
                || longitudeE6 > LONGITUDE_E6_MAX
        ) revert PositionOutOfRange(latitudeE6, longitudeE6);
    }

    function _checkBatch(uint256 length) private pure {
        if (length > BATCH_MAX) revert BatchTooLarge(length, BATCH_MAX);
    }

    function _xOf(int32 longitudeE6) private pure returns (uint256) {
        return uint256(int256(longitudeE6) + LONGITUDE_E6_MAX);
    }

    function _yOf(int32 latitudeE6) private pure returns (uint256) {
        return uint256(int256(latitudeE6) + LATITUDE_E6_MAX);
    }

    /// @dev The entry of a node as its fields are now.
    function _entryOfNode(uint256 id, Node memory known) private pure returns (uint256) {
        uint256 code = known.inUse < known.capacity ? _codeOf(known.priceWei) : FULL;
        return _entryOf(id, _xOf(known.longitudeE6), _yOf(known.latitudeE6), code);
    }

    function _place(
        uint256 id,
        Node storage placed,
        int32 latitudeE6,
        int32 longitudeE6,
        uint32 capacity,
        uint96 priceWei,
        bytes32[] calldata offered
    ) private {
        _checkPosition(latitudeE6, longitudeE6);
        if (capacity == 0) revert NoCapacity();
        if (offered.length == 0 || offered.length > SERVICES_PER_NODE_MAX) {
            revert ServicesOutOfBounds(offered.length, SERVICES_PER_NODE_MAX);
        }
        (placed.latitudeE6, placed.longitudeE6, placed.priceWei) = (latitudeE6, longitudeE6, priceWei);
        (placed.capacity, placed.state) = (capacity, NodeState.Active);
        uint256 entry = _entryOfNode(id, placed);
        uint256 packed = 0;
        for (uint256 index = 0; index < offered.length; index++) {
            Root storage root = _roots[offered[index]];
            uint256 number = root.number;
            if (number == 0) number = _newService(offered[index], root);
            for (uint256 rest = packed; rest != 0; rest >>= 16) {
                if (rest & type(uint16).max == number) revert InvalidService(offered[index]);
            }
            packed = packed << 16 | number;
            _indexInsert(root, entry);
        }
        placed.services = packed;
    }

    function _unplace(uint256 id, Node storage placed) private {
        uint256 entry = _entryOfNode(id, placed);
        for (uint256 rest = placed.services; rest != 0; rest >>= 16) {
            _indexRemove(_roots[_services[(rest & type(uint16).max) - 1]], entry);
        }
        placed.services = 0;
    }

    function _newService(bytes32 service, Root storage root) private returns (uint256 number) {
        if (service == 0) revert InvalidService(service);
        if (_services.length == SERVICES_MAX) revert TooManyServices(SERVICES_MAX);
        _services.push(service);
        number = _services.length;
        root.number = uint16(number);
    }

    function _search(int32 latitudeE6, int32 longitudeE6, Root memory root, uint96 maxPriceWei, uint256 tried, uint256 wanted)
        private
        view
        returns (Reason reason, Query memory query)
    {
        _checkPosition(latitudeE6, longitudeE6);
        (uint256 x, uint256 y) = (_xOf(longitudeE6), _yOf(latitudeE6));
        query = _nearest(root, x, y, maxPriceWei, tried, wanted);
        if (query.found > 0) return (Reason.None, query);
        if (root.nodes == 0) return (Reason.NoneOffersService, query);
        if (tried == 0) return (root.code == FULL ? Reason.NoneHasCapacity : Reason.AllAboveLimit, query);
        // After a failure the reason is that of the nodes not yet tried.
        if (_nearest(root, x, y, type(uint96).max, tried, 1).found > 0) return (Reason.AllAboveLimit, query);
        uint256 offering = root.nodes;
        for (uint256 rest = tried; rest != 0; rest >>= 32) {
            if (_offers(uint32(rest), root.number)) offering--;
        }
        return (offering == 0 ? Reason.NoneOffersService : Reason.NoneHasCapacity, query);
    }

    function _offers(uint256 id, uint256 number) private view returns (bool) {
        for (uint256 rest = _nodes[id].services; rest != 0; rest >>= 16) {
            if (rest & type(uint16).max == number) return true;
        }
        return false;
    }

    /// @dev Finds the next node for a task, takes a slot of it and says so; or says why there is none.
    function _match(bytes32 taskId, Task memory wanted, bytes32 service, Root memory root, uint256 tried) private {
        (Reason reason, Query memory query) =
            _search(wanted.latitudeE6, wanted.longitudeE6, root, wanted.maxPriceWei, tried, AMONG_MAX);
        if (reason != Reason.None) {
            _giveUp(taskId, wanted, reason);
            return;
        }
        uint256 id = query.keys[0] & NODES_MAX;
        wanted.nodeId = uint24(id);
        wanted.attempt++;
        wanted.status = TaskStatus.Matched;
        wanted.leaseEndsAt = uint40(block.timestamp + LEASE_SECONDS);
        _tasks[taskId] = wanted;

        Node storage chosen = _nodes[id];
        uint32 inUse = ++chosen.inUse;
        if (inUse == chosen.capacity) _recode(id, chosen);
        emit Matched(
            taskId,
            msg.sender,
            id,
            chosen.node,
            chosen.company,
            wanted.attempt,
            service,
            wanted.latitudeE6,
            wanted.longitudeE6,
            wanted.maxPriceWei,
            chosen.priceWei,
            query.keys[0] >> 20,
            query.considered,
            _idsOf(query)
        );
    }

    /// @dev A task without a next node: one that was never matched leaves no trace but the event.
    function _giveUp(bytes32 taskId, Task memory wanted, Reason reason) private {
        if (wanted.attempt > 0) _tasks[taskId].status = TaskStatus.Failed;
        emit NotMatched(taskId, msg.sender, reason);
    }

    function _release(uint256 id, uint32 slots) private {
        Node storage freed = _nodes[id];
        (uint32 inUse, uint32 capacity) = (freed.inUse, freed.capacity);
        freed.inUse = inUse - slots;
        if (freed.state == NodeState.Active && inUse >= capacity && inUse - slots < capacity) _recode(id, freed);
    }

    /// @dev Tells the trees of its services that a node has become full or free.
    function _recode(uint256 id, Node storage changed) private {
        uint256 entry = _entryOfNode(id, changed);
        for (uint256 rest = changed.services; rest != 0; rest >>= 16) {
            _indexRecode(_roots[_services[(rest & type(uint16).max) - 1]], entry);
        }
    }

    function _idsOf(Query memory query) private pure returns (uint32[] memory ids) {
        ids = new uint32[](query.found);
        for (uint256 index = 0; index < ids.length; index++) ids[index] = uint32(query.keys[index] & NODES_MAX);
    }

    function _servicesOf(uint256 packed) private view returns (bytes32[] memory result) {
        uint256 count = 0;
        for (uint256 rest = packed; rest != 0; rest >>= 16) count++;
        result = new bytes32[](count);
        for (; packed != 0; packed >>= 16) result[--count] = _services[(packed & type(uint16).max) - 1];
    }

    function _pageLength(uint256 total, uint256 offset, uint256 limit) private pure returns (uint256) {
        if (limit > PAGE_MAX) limit = PAGE_MAX;
        if (offset >= total) return 0;
        return total - offset < limit ? total - offset : limit;
    }
}
